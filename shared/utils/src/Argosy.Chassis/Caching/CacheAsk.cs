using System.Runtime.InteropServices;
using Microsoft.Extensions.Caching.Hybrid;

namespace Argosy.Chassis.Caching;

/// <summary>What somebody asks for, checked, with the cache's own settings where they say nothing.</summary>
/// <param name="Key">Of the entry.</param>
/// <param name="Names">By which it can be invalidated: everything, its key, its tags.</param>
/// <param name="Life">How long it lives.</param>
/// <param name="LocalLife">How long in the process's memory.</param>
/// <param name="NegativeLife">How long it lives where there is nothing.</param>
/// <param name="Flags">What is not to be done.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct CacheAsk(string Key, IReadOnlyList<string> Names, TimeSpan Life, TimeSpan LocalLife, TimeSpan NegativeLife, HybridCacheEntryFlags Flags)
{
    private const int LongestName = 512;
    private const int MostTags = 16;

    public bool ReadsMemory => !Flags.HasFlag(HybridCacheEntryFlags.DisableLocalCacheRead);

    public bool WritesMemory => !Flags.HasFlag(HybridCacheEntryFlags.DisableLocalCacheWrite);

    public bool ReadsShared => !Flags.HasFlag(HybridCacheEntryFlags.DisableDistributedCacheRead);

    public bool WritesShared => !Flags.HasFlag(HybridCacheEntryFlags.DisableDistributedCacheWrite);

    public bool Loads => !Flags.HasFlag(HybridCacheEntryFlags.DisableUnderlyingData);

    /// <exception cref="ArgumentException">A name that is empty, too long or has control characters; too many tags; a life that is none.</exception>
    public static CacheAsk Of(string key, IEnumerable<string>? tags, HybridCacheEntryOptions? options, CacheOptions settings)
    {
        string[] names = tags is null ? [TwoLevelCache.Everything, key] : [TwoLevelCache.Everything, key, .. tags];
        if (names.Length > MostTags + 2)
        {
            throw new ArgumentException($"An entry has at most {MostTags} tags.", nameof(tags));
        }

        foreach (var name in names)
        {
            Check(name);
        }

        var life = options?.Expiration ?? settings.Life;
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(life, TimeSpan.Zero);
        return new CacheAsk(key, names, life, options?.LocalCacheExpiration ?? life, life < settings.NegativeLife ? life : settings.NegativeLife, options?.Flags ?? HybridCacheEntryFlags.None);
    }

    /// <exception cref="ArgumentException">It is empty, too long or has control characters.</exception>
    public static void Check(string name)
    {
        if (name.Length is 0 or > LongestName || name.Any(char.IsControl))
        {
            throw new ArgumentException($"Keys and tags have 1 to {LongestName} characters, none of them a control character.", nameof(name));
        }
    }

    public TimeSpan LifeOf(object? value) => value is null ? NegativeLife : Life;
}

/// <summary>What was noted before anything was read.</summary>
/// <param name="Stamp">The counts of the entry's names.</param>
/// <param name="At">A timestamp of the monotonic clock.</param>
internal sealed record Beginning(Generations.Stamp Stamp, long At);

/// <summary>A value, and the versions under which the second level may have it; null: it has it, or may not.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Obtained<T>(T Value, string? Versions);

/// <summary>Somebody loads a key, and others wait for the result.</summary>
internal sealed class Flight<T>(Beginning beginning)
{
    private readonly TaskCompletionSource<T> _landed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Beginning Beginning { get; } = beginning;

    public Task<T> Landed => _landed.Task;

    public void Land(T value) => _landed.TrySetResult(value);

    /// <summary>False when it has landed already.</summary>
    public bool Fail(Exception error)
    {
        var failed = _landed.TrySetException(error);
        _ = _landed.Task.Exception;     // seen, also where nobody waits any more
        return failed;
    }
}

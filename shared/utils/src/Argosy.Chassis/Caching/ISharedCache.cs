namespace Argosy.Chassis.Caching;

/// <summary>
/// The second level, which all instances of a service share. Nothing of it throws when it is away: whoever asks goes on without.
/// Every name of an entry (its tags, its key, and <see cref="TwoLevelCache.Everything"/>) has a version there, which changes when
/// the name is invalidated; an entry counts only while the versions are those that it was stored under.
/// </summary>
public interface ISharedCache
{
    /// <summary>How long ago we surely had heard of every invalidation; null while we would hear of none.</summary>
    TimeSpan? SinceHeard { get; }

    /// <summary>Calls back for every name that an instance has invalidated; at once, on a thread that must not be held up.</summary>
    void Listen(Action<string> heard);

    /// <summary>The entry, and the versions of its names; null when the second level is away.</summary>
    ValueTask<SharedAnswer?> ReadAsync(string key, IReadOnlyList<string> names, CancellationToken cancellation);

    /// <summary>Stores an entry, unless one of its names has another version than when <paramref name="versions"/> were read.</summary>
    ValueTask WriteAsync(string key, IReadOnlyList<string> names, string versions, ReadOnlyMemory<byte> payload, TimeSpan life, CancellationToken cancellation);

    /// <summary>Gives the names new versions and tells all instances; false when that has to be tried again.</summary>
    ValueTask<bool> InvalidateAsync(IReadOnlyList<string> names, CancellationToken cancellation);
}

/// <summary>What the second level says of an entry.</summary>
/// <param name="Versions">Of the entry's names, at that moment.</param>
/// <param name="Payload">Null when it has none that counts.</param>
/// <param name="Left">How long the payload has to live.</param>
public sealed record SharedAnswer(string Versions, ReadOnlyMemory<byte>? Payload, TimeSpan Left);

/// <summary>No second level: the process's own memory is all there is, and nobody tells us what others change.</summary>
public sealed class NoSharedCache : ISharedCache
{
    /// <inheritdoc />
    public TimeSpan? SinceHeard => null;

    /// <inheritdoc />
    public void Listen(Action<string> heard)
    {
        // There is nothing to hear.
    }

    /// <inheritdoc />
    public ValueTask<SharedAnswer?> ReadAsync(string key, IReadOnlyList<string> names, CancellationToken cancellation) => new((SharedAnswer?)null);

    /// <inheritdoc />
    public ValueTask WriteAsync(string key, IReadOnlyList<string> names, string versions, ReadOnlyMemory<byte> payload, TimeSpan life, CancellationToken cancellation) => default;

    /// <inheritdoc />
    public ValueTask<bool> InvalidateAsync(IReadOnlyList<string> names, CancellationToken cancellation) => new(true);
}

namespace Argosy.Chassis.Caching;

/// <summary>What a <see cref="TwoLevelCache"/> keeps and for how long.</summary>
public sealed record CacheOptions
{
    /// <summary>Entries in the process's own memory; the least recently used goes first. 128 by default.</summary>
    public int Entries { get; init; } = 128;

    /// <summary>How long an entry lives where the asker says nothing else, in both levels together. 3,600 s by default.</summary>
    public TimeSpan Life { get; init; } = TimeSpan.FromSeconds(3600);

    /// <summary>How long it is remembered at most that there is nothing. 10 s by default.</summary>
    public TimeSpan NegativeLife { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How long memory is believed without word from the other instances: the age up to which an entry is served while nobody could
    /// tell us that it is outdated, and the silence after which we take that to be so. 3 s by default.
    /// </summary>
    public TimeSpan Unheard { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>How long a loader may take; those who wait for it get a <see cref="TimeoutException"/>. 30 s by default.</summary>
    public TimeSpan LoadWithin { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Bytes of JSON beyond which a value stays in the process's memory. 1 MiB by default.</summary>
    public int LargestShared { get; init; } = 1024 * 1024;
}

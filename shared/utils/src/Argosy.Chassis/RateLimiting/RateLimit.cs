using System.Threading.RateLimiting;

namespace Argosy.Chassis.RateLimiting;

/// <summary>What holds while the instances cannot agree on a limit, because Redis is away.</summary>
public enum WhenAway
{
    /// <summary>Each instance limits by itself: for logins and payments, where no limit would be the worse mistake.</summary>
    LimitLocally,

    /// <summary>Nobody is held up: for reads.</summary>
    LetThrough,
}

/// <summary>A limit as a token bucket: so many at once, and so many a second in the long run, for each key.</summary>
/// <param name="Name">Lower-case letters and dashes; instances that share a limit name it alike.</param>
/// <param name="Burst">The bucket's size. At least 1.</param>
/// <param name="PerSecond">How fast it fills. Above 0.</param>
/// <param name="WhenAway">What holds while Redis is away.</param>
public sealed record RateLimit(string Name, int Burst, double PerSecond, WhenAway WhenAway)
{
    /// <summary>On a lease: the whole tokens that were left. Absent where nobody has counted, because Redis is away.</summary>
    public static MetadataName<long> Remaining { get; } = MetadataName.Create<long>("argosy.remaining");

    /// <summary>The bucket's size.</summary>
    public int Burst { get; } = Burst >= 1 ? Burst : throw new ArgumentOutOfRangeException(nameof(Burst), Burst, "A bucket holds at least one token.");

    /// <summary>How fast it fills.</summary>
    public double PerSecond { get; } = PerSecond > 0 && double.IsFinite(PerSecond)
        ? PerSecond
        : throw new ArgumentOutOfRangeException(nameof(PerSecond), PerSecond, "A bucket fills at some rate above zero.");
}

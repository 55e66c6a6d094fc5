namespace Argosy.Chassis.Resilience;

/// <summary>When a breaker opens and for how long.</summary>
public sealed record BreakerOptions
{
    /// <summary>Failures in a row that open it. At least 1; 5 by default.</summary>
    public int Failures { get; init; } = 5;

    /// <summary>How long it refuses before a probe is let through. 30 s by default.</summary>
    public TimeSpan OpenFor { get; init; } = TimeSpan.FromSeconds(30);
}

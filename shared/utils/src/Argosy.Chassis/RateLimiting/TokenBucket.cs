using System.Runtime.InteropServices;

namespace Argosy.Chassis.RateLimiting;

/// <summary>A bucket's rules, without clock or lock: (state, wish, now) → state. <c>token-bucket.lua</c> says the same for Redis.</summary>
/// <param name="Tokens">What was in it.</param>
/// <param name="At">When; any monotonic time.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct TokenBucket(double Tokens, TimeSpan At)
{
    public static TokenBucket Full(RateLimit limit, TimeSpan now) => new(limit.Burst, now);

    /// <summary>The bucket as it is now.</summary>
    public TokenBucket Filled(RateLimit limit, TimeSpan now) =>
        new(Math.Min(limit.Burst, Tokens + (Math.Max(0, (now - At).TotalSeconds) * limit.PerSecond)), now);

    /// <summary>Takes what is wanted, or says after how long it would be there.</summary>
    public (TokenBucket Next, TimeSpan? Wait) Take(int wanted, RateLimit limit, TimeSpan now)
    {
        var filled = Filled(limit, now);
        return filled.Tokens >= wanted
            ? (filled with { Tokens = filled.Tokens - wanted }, null)
            : (filled, TimeSpan.FromSeconds((wanted - filled.Tokens) / limit.PerSecond));
    }
}

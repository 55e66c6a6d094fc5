using System.Globalization;
using System.Threading.RateLimiting;
using Argosy.Chassis.RateLimiting;
using Argosy.Chassis.Redis.Client;
using Argosy.Chassis.Redis.Resp;
using Argosy.Chassis.Resilience;

namespace Argosy.Chassis.Redis;

/// <summary>
/// Token buckets that all instances share: one round trip, on Redis's own clock. Without Redis each limit falls back as it says
/// (<see cref="RateLimit.WhenAway"/>); the local buckets then begin full, so a strict limit is at most doubled once for each instance.
/// Asking takes a round trip, so only the asynchronous way asks; the other one refuses.
/// </summary>
public sealed class RedisRateLimiter(RedisClient redis, RateLimit limit, Breakers breakers, TimeProvider time) : PartitionedRateLimiter<string>
{
    private static readonly RedisScript Taking = RedisScript.Load("token-bucket");

    private readonly LocalRateLimiter _local = new(limit, time);
    private readonly Breaker _breaker = breakers.Of("redis", RedisSharedCache.BreakerOptions);

    /// <summary>Nothing: what is left only Redis knows.</summary>
    public override RateLimiterStatistics? GetStatistics(string resource) => null;

    /// <inheritdoc />
    protected override RateLimitLease AttemptAcquireCore(string resource, int permitCount) => new BucketLease(TimeSpan.Zero, null);

    /// <inheritdoc />
    protected override async ValueTask<RateLimitLease> AcquireAsyncCore(string resource, int permitCount, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(permitCount, limit.Burst);
        string[] key = [$"argosy:limit:{limit.Name}:{resource}"];
        RedisArgument[] arguments = [limit.Burst, limit.PerSecond.ToString("R", CultureInfo.InvariantCulture), permitCount];
        return await Taking.TryAsync(redis, _breaker, key, arguments, cancellationToken) is { Items: [var taken, var left, var wait] }
            ? new BucketLease(taken.Integer == 1 ? null : TimeSpan.FromMicroseconds(wait.Integer), left.Integer)
            : limit.WhenAway == WhenAway.LetThrough ? BucketLease.Uncounted
            : await _local.AcquireAsync(resource, permitCount, cancellationToken);
    }

    /// <inheritdoc />
    protected override void Dispose(bool disposing)
    {
        _local.Dispose();
        base.Dispose(disposing);
    }
}

using System.Threading.RateLimiting;

namespace Argosy.Chassis.RateLimiting;

/// <summary>
/// Token buckets in this process, one for each key. Their number is bounded: full buckets, which say nothing, are forgotten, and keys
/// that find no place share one bucket, so that whoever invents keys limits those who do the same.
/// </summary>
public sealed class LocalRateLimiter(RateLimit limit, TimeProvider time, int buckets = 16_384) : PartitionedRateLimiter<string>
{
    private const string Others = "";

    private readonly Lock _gate = new();
    private readonly Dictionary<string, TokenBucket> _buckets = new(StringComparer.Ordinal);
    private readonly long _start = time.GetTimestamp();
    private TimeSpan _swept;

    /// <inheritdoc />
    public override RateLimiterStatistics? GetStatistics(string resource)
    {
        lock (_gate)
        {
            var now = time.GetElapsedTime(_start);
            var bucket = _buckets.TryGetValue(resource, out var known) ? known.Filled(limit, now) : TokenBucket.Full(limit, now);
            return new RateLimiterStatistics { CurrentAvailablePermits = (long)bucket.Tokens };
        }
    }

    /// <inheritdoc />
    protected override RateLimitLease AttemptAcquireCore(string resource, int permitCount)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(permitCount, limit.Burst);
        lock (_gate)
        {
            var now = time.GetElapsedTime(_start);
            var key = _buckets.ContainsKey(resource) || HasRoom(now) ? resource : Others;
            var bucket = _buckets.TryGetValue(key, out var known) ? known : TokenBucket.Full(limit, now);
            (var left, var wait) = bucket.Take(permitCount, limit, now);
            _buckets[key] = left;
            return new BucketLease(wait, (long)left.Tokens);
        }
    }

    /// <inheritdoc />
    protected override ValueTask<RateLimitLease> AcquireAsyncCore(string resource, int permitCount, CancellationToken cancellationToken) =>
        new(AttemptAcquireCore(resource, permitCount));

    // Sweeping reads every bucket, so it happens at most once a second.
    private bool HasRoom(TimeSpan now)
    {
        if (_buckets.Count >= buckets && now - _swept >= TimeSpan.FromSeconds(1))
        {
            _swept = now;
            foreach (var (key, bucket) in _buckets)
            {
                if (bucket.Filled(limit, now).Tokens >= limit.Burst)
                {
                    _buckets.Remove(key);
                }
            }
        }

        return _buckets.Count < buckets;
    }
}

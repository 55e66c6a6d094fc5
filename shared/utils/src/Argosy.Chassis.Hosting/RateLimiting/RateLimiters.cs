using System.Threading.RateLimiting;
using Argosy.Chassis.RateLimiting;
using Argosy.Chassis.Redis;
using Argosy.Chassis.Resilience;
using Microsoft.Extensions.DependencyInjection;

namespace Argosy.Chassis.Hosting;

/// <summary>Makes limiters: in the process's memory, or in Redis where <c>REDIS_URL</c> names one, so that instances share a limit.</summary>
public sealed class RateLimiters
{
    private readonly RedisClient? _redis;
    private readonly Breakers _breakers;
    private readonly TimeProvider _time;

    internal RateLimiters(RedisClient? redis, Breakers breakers, TimeProvider time) => (_redis, _breakers, _time) = (redis, breakers, time);

    /// <summary>Whether limiters of one name are one: in Redis, and not in memory, where each has buckets of its own.</summary>
    public bool AreShared => _redis is not null;

    /// <summary>A limiter for any number of keys.</summary>
    public PartitionedRateLimiter<string> Of(RateLimit limit) =>
        _redis is null ? new LocalRateLimiter(limit, _time) : new RedisRateLimiter(_redis, limit, _breakers, _time);
}

/// <summary>Limits how often somebody may ask.</summary>
public static class RateLimitSetup
{
    /// <summary>Adds <see cref="RateLimiters"/>.</summary>
    public static ArgosyBuilder LimitsRates(this ArgosyBuilder argosy)
    {
        argosy.AddRedis();
        argosy.Services.AddSingleton(provider => new RateLimiters(
            provider.GetService<RedisClient>(), provider.GetRequiredService<Breakers>(), provider.GetRequiredService<TimeProvider>()));
        return argosy;
    }
}

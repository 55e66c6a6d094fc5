using Argosy.Chassis.Caching;
using Argosy.Chassis.Redis;
using Microsoft.Extensions.Caching.Hybrid;
using Microsoft.Extensions.DependencyInjection;

namespace Argosy.Chassis.Hosting;

/// <summary>Reading through a cache: in the process's memory, and in Redis where <c>REDIS_URL</c> names one.</summary>
public static class CacheSetup
{
    /// <summary>
    /// Adds a <see cref="TwoLevelCache"/>, also as <see cref="HybridCache"/>. <c>CACHE_ENTRIES</c> is how many entries memory holds
    /// (128), <c>CACHE_TTL_SECONDS</c> how long one lives (3600). Without Redis, away or not wanted, the service is ready all the same.
    /// </summary>
    public static ArgosyBuilder Caches(this ArgosyBuilder argosy)
    {
        var options = new CacheOptions
        {
            Entries = argosy.Settings.Number("CACHE_ENTRIES", otherwise: 128, min: 1, max: 1_000_000),
            Life = TimeSpan.FromSeconds(argosy.Settings.Number("CACHE_TTL_SECONDS", otherwise: 3600, min: 1, max: 86_400)),
        };
        if (argosy.AddRedis())
        {
            argosy.Services.AddSingleton<ISharedCache>(provider => ActivatorUtilities.CreateInstance<RedisSharedCache>(provider, argosy.Options.Name));
        }
        else
        {
            argosy.Services.AddSingleton<ISharedCache, NoSharedCache>();
        }

        argosy.Services.AddSingleton(provider => ActivatorUtilities.CreateInstance<TwoLevelCache>(provider, options));
        argosy.Services.AddSingleton<HybridCache>(provider => provider.GetRequiredService<TwoLevelCache>());
        return argosy;
    }
}

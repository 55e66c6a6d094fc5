using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Argosy.Chassis.Caching;
using Argosy.Chassis.Redis;
using Microsoft.Extensions.Caching.Hybrid;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace Argosy.Chassis.Hosting;

/// <summary>Reading through a cache: in the process's memory, and in Redis where <c>REDIS_URL</c> names one.</summary>
public static class CacheSetup
{
    /// <summary>
    /// Adds a <see cref="TwoLevelCache"/>, also as <see cref="HybridCache"/>. <c>CACHE_ENTRIES</c> is how many entries memory holds
    /// (128), <c>CACHE_TTL_SECONDS</c> how long one lives (3600), <c>REDIS_CA_PATH</c> a PEM file with the authority behind
    /// <c>rediss://</c> where the system does not know it. Without Redis, away or not wanted, the service is ready all the same.
    /// </summary>
    public static ArgosyBuilder Caches(this ArgosyBuilder argosy)
    {
        var options = new CacheOptions
        {
            Entries = argosy.Settings.Number("CACHE_ENTRIES", otherwise: 128, min: 1, max: 1_000_000),
            Life = TimeSpan.FromSeconds(argosy.Settings.Number("CACHE_TTL_SECONDS", otherwise: 3600, min: 1, max: 86_400)),
        };
        if (ReadRedis(argosy) is { } redis)
        {
            AddRedis(argosy, redis);
        }
        else
        {
            argosy.Services.AddSingleton<ISharedCache, NoSharedCache>();
        }

        argosy.Services.AddSingleton(provider => ActivatorUtilities.CreateInstance<TwoLevelCache>(provider, options));
        argosy.Services.AddSingleton<HybridCache>(provider => provider.GetRequiredService<TwoLevelCache>());
        return argosy;
    }

    private static void AddRedis(ArgosyBuilder argosy, RedisOptions redis)
    {
        argosy.Services.AddSingleton(provider => ActivatorUtilities.CreateInstance<RedisClient>(provider, redis));
        argosy.Services.AddSingleton<ISharedCache>(provider => ActivatorUtilities.CreateInstance<RedisSharedCache>(provider, argosy.Options.Name));
        argosy.Services.AddHostedService<RedisStartup>();
        argosy.Services.AddReadiness("redis", static (provider, _) => ValueTask.FromResult(provider.GetRequiredService<RedisClient>().Fault), HealthStatus.Degraded);
    }

    private static RedisOptions? ReadRedis(ArgosyBuilder argosy)
    {
        if (argosy.Settings.Text("REDIS_URL") is not { } text)
        {
            return null;
        }

        var url = RedisUrl.Parse(text, out var error);
        if (url is null)
        {
            argosy.Settings.Refuse("REDIS_URL", error!);
            return null;
        }

        return new RedisOptions(url, argosy.Options.Name) { Authorities = ReadAuthorities(argosy.Settings) };
    }

    private static X509Certificate2Collection? ReadAuthorities(Settings settings)
    {
        const string Variable = "REDIS_CA_PATH";
        if (settings.Text(Variable) is not { } path)
        {
            return null;
        }

        var authorities = new X509Certificate2Collection();
        try
        {
            authorities.ImportFromPemFile(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            settings.Refuse(Variable, $"is '{path}', which cannot be read as PEM: {e.Message}");
        }

        if (authorities.Count == 0)
        {
            settings.Refuse(Variable, $"is '{path}', and must be a PEM file with at least one certificate.");
        }

        return authorities;
    }

    /// <summary>Connects when everybody who listens is there.</summary>
    private sealed class RedisStartup(RedisClient redis, TwoLevelCache cache) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken)
        {
            ArgumentNullException.ThrowIfNull(cache);
            redis.Start();
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}

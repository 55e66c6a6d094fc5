using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Argosy.Chassis.Caching;
using Argosy.Chassis.Redis;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace Argosy.Chassis.Hosting;

/// <summary>The process's one connection to Redis, where <c>REDIS_URL</c> names one; whoever wants it asks for it here.</summary>
internal static class RedisSetup
{
    /// <summary>
    /// Whether there is one. <c>REDIS_CA_PATH</c> is a PEM file with the authority behind <c>rediss://</c> where the system does not know
    /// it. Redis away, the process is ready all the same.
    /// </summary>
    public static bool AddRedis(this ArgosyBuilder argosy)
    {
        if (argosy.Services.Any(service => service.ServiceType == typeof(RedisClient)))
        {
            return true;
        }

        if (Read(argosy) is not { } redis)
        {
            return false;
        }

        argosy.Services.AddSingleton(provider => ActivatorUtilities.CreateInstance<RedisClient>(provider, redis));
        argosy.Services.AddHostedService<Startup>();
        argosy.Services.AddReadiness("redis", static (provider, _) => ValueTask.FromResult(provider.GetRequiredService<RedisClient>().Fault), HealthStatus.Degraded);
        return true;
    }

    private static RedisOptions? Read(ArgosyBuilder argosy)
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

    /// <summary>Connects when everybody who listens is there: a cache does, where there is one.</summary>
    private sealed class Startup(RedisClient redis, IServiceProvider services) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken)
        {
            _ = services.GetService<TwoLevelCache>();
            redis.Start();
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}

using System.Net;
using Argosy.Chassis.Resilience;
using Microsoft.Extensions.DependencyInjection;

namespace Argosy.Chassis.Hosting;

/// <summary>Named HTTP clients for other services: their address from the environment, their resilience from the chassis.</summary>
internal static class NamedCalls
{
    /// <summary>The breakers of all calls that are declared, from the start: one that was never needed is closed, not unknown.</summary>
    public static void AddBreakers(this IServiceCollection services) => services.AddSingleton(provider =>
    {
        var breakers = ActivatorUtilities.CreateInstance<Breakers>(provider);
        foreach (var call in provider.GetServices<DeclaredCall>())
        {
            breakers.Of(call.Name, call.Options.Breaker);
        }

        return breakers;
    });

    public static void AddCalls(this IServiceCollection services, Instances instances, CallOptions options) => services
        .AddSingleton(instances)
        .AddSingleton(new DeclaredCall(instances.Name, options))
        .AddHttpClient(instances.Name, client =>
        {
            client.BaseAddress = instances.All[0].Address;
            client.DefaultRequestVersion = HttpVersion.Version11;

            // CallHandler bounds every call more tightly, the body included.
            client.Timeout = Timeout.InfiniteTimeSpan;
        })
        .RemoveAllLoggers()
        .AddHttpMessageHandler(provider => new CallHandler(
            provider.GetRequiredService<Breakers>().Of(instances.Name), options, provider.GetRequiredService<TimeProvider>()))
        .AddHttpMessageHandler(_ => new InstanceHandler(instances))
        .ConfigurePrimaryHttpMessageHandler(() => new LostConnectionHandler(Connections(options)))
        .SetHandlerLifetime(Timeout.InfiniteTimeSpan);

    /// <summary>Connections to one service: bounded, direct, without memory; renewed now and then so that moved addresses are found.</summary>
    public static SocketsHttpHandler Connections(CallOptions options) => new()
    {
        MaxConnectionsPerServer = options.Connections,
        ConnectTimeout = options.Connect,
        PooledConnectionLifetime = TimeSpan.FromMinutes(2),
        PooledConnectionIdleTimeout = TimeSpan.FromMinutes(1),
        MaxResponseHeadersLength = 16,
        AutomaticDecompression = DecompressionMethods.None,
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
    };

    private sealed record DeclaredCall(string Name, CallOptions Options);
}

using System.Diagnostics.Metrics;
using Argosy.Chassis.Telemetry.Metrics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Argosy.Chassis.Hosting.Telemetry;

/// <summary><c>GET /metrics</c>: what is listened to, and where it is served.</summary>
internal static class MetricsSetup
{
    private const string Path = "/metrics";

    // Ours, and of the framework's what an operator looks at.
    private static readonly HashSet<string> Meters = new(StringComparer.Ordinal)
    {
        "Argosy", "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "Microsoft.AspNetCore.RateLimiting", "System.Net.Http", "System.Runtime",
    };

    /// <summary>Whether a meter is exported, be it to Prometheus or by OTLP.</summary>
    public static bool IsExported(string meter) => Meters.Contains(meter) || meter.StartsWith("Argosy.", StringComparison.Ordinal);

    public static void AddArgosyMetrics(this IServiceCollection services)
    {
        services.AddSingleton<IStartupFilter, RequestTelemetry.First>();
        services.AddSingleton(provider =>
        {
            // Meters of another host in this process are its own.
            var own = provider.GetRequiredService<IMeterFactory>();
            return new MetricCollector(
                meter => IsExported(meter.Name) && (meter.Scope is null || ReferenceEquals(meter.Scope, own)),
                provider.GetRequiredService<ILogger<MetricCollector>>());
        });
        services.AddSingleton<MetricsEndpoint>();
    }

    public static void MapMetrics(this IEndpointRouteBuilder routes)
    {
        // From now on: what is counted before somebody listens is lost.
        var metrics = routes.ServiceProvider.GetRequiredService<MetricsEndpoint>();
        routes.MapGet(Path, (Delegate)metrics.AnswerAsync).AllowAnonymous().WithMetadata(new ProbeMetadata()).WithName("metrics")
            .WithSummary("What Prometheus reads").Answers<string>(200, "Counters, gauges and histograms in Prometheus's text format.", "text/plain");
    }

    /// <summary>A port for <c>/metrics</c> and nothing else: for a process whose own port strangers reach.</summary>
    public static void UseMetricsPort(this IApplicationBuilder app, int port) => app.Use((context, next) =>
    {
        if ((context.Connection.LocalPort == port) == (context.Request.Path == Path))
        {
            return next(context);
        }

        context.Response.StatusCode = StatusCodes.Status404NotFound;
        return Task.CompletedTask;
    });
}

using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Argosy.Chassis.Hosting;

/// <summary>
/// <c>/health</c>: the process answers. <c>/ready</c>: it can do its work, by the health checks that carry the tag <see cref="Tag"/>.
/// </summary>
internal static class Readiness
{
    /// <summary>The tag of checks that <c>/ready</c> waits for.</summary>
    public const string Tag = "ready";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    /// <summary>Degraded as the failure is only told: the process does its work without it, if less of it.</summary>
    public static void AddReadiness(
        this IServiceCollection services, string name, Func<IServiceProvider, CancellationToken, ValueTask<string?>> fault,
        HealthStatus failure = HealthStatus.Unhealthy) =>
        services.AddHealthChecks().Add(new HealthCheckRegistration(name, provider => new Check(provider, fault), failure, [Tag], Patience));

    public static void MapHealth(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/health", static (ServiceOptions options) =>
            Results.Json(new Alive("alive", options.Name, options.Version), StrictJson.Options)).AllowAnonymous().WithMetadata(new ProbeMetadata()).WithName("health")
            .WithSummary("Whether the process answers").Answers<Alive>(200, "It does.");
        routes.MapGet("/ready", ReadyAsync).AllowAnonymous().WithMetadata(new ProbeMetadata()).WithName("ready")
            .WithSummary("Whether it can do its work").Answers<Ready>(200, "It can.").Answers<Ready>(503, "It cannot, for the reasons that `checks` gives.");
    }

    private static async Task<IResult> ReadyAsync(
        HealthCheckService checks, ProcessLifetime process, ServiceOptions options, CancellationToken cancellation)
    {
        var report = await checks.CheckHealthAsync(check => check.Tags.Contains(Tag), cancellation);
        var shown = report.Entries.ToDictionary(e => e.Key, e => Show(e.Value), StringComparer.Ordinal);
        if (process.IsDraining)
        {
            shown["process"] = "draining";
        }

        var ready = report.Status != HealthStatus.Unhealthy && !process.IsDraining;
        return Results.Json(new Ready(ready ? "ready" : "not-ready", options.Name, shown), StrictJson.Options, statusCode: ready ? 200 : 503);
    }

    // The type of an exception is enough for an operator to go on from; its text may say too much.
    private static string Show(HealthReportEntry entry) => entry switch
    {
        { Status: HealthStatus.Healthy } => "ok",
        { Exception: { } e } => $"failed ({e.GetType().Name})",
        _ => entry.Description ?? "not ready",
    };

    private sealed class Check(IServiceProvider provider, Func<IServiceProvider, CancellationToken, ValueTask<string?>> fault) : IHealthCheck
    {
        public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
            await fault(provider, cancellationToken) is { } text
                ? new HealthCheckResult(context.Registration.FailureStatus, text) : HealthCheckResult.Healthy();
    }

    private sealed record Alive(string Status, string Service, string Version) : IExample<Alive>
    {
        public static Alive Example { get; } = new("alive", "order-service", "0.1.0");
    }

    private sealed record Ready(string Status, string Service, IReadOnlyDictionary<string, string> Checks) : IExample<Ready>
    {
        public static Ready Example { get; } = new("ready", "order-service", new Dictionary<string, string>(StringComparer.Ordinal) { ["database"] = "ok" });
    }
}

using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Argosy.Chassis.Hosting;

/// <summary>Something that must be there before the service can do its work.</summary>
/// <param name="Name">As <c>/ready</c> shows it, e.g. <c>database</c>.</param>
/// <param name="Fault">Null when all is well, else a short reason without internals; it has a second to find out.</param>
public sealed record ReadinessCheck(string Name, Func<CancellationToken, ValueTask<string?>> Fault);

/// <summary><c>/health</c>: the process answers. <c>/ready</c>: it can do its work, by the checks that capabilities registered.</summary>
public static class Readiness
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    /// <summary>Registers a check; it is made once, with the services it asks for.</summary>
    public static IServiceCollection AddReadiness(this IServiceCollection services, Func<IServiceProvider, ReadinessCheck> check) =>
        services.AddSingleton(check);

    internal static void MapHealth(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/health", static (ServiceOptions options) =>
            Results.Json(new Alive("alive", options.Name, options.Version), StrictJson.Options)).AllowAnonymous();
        routes.MapGet("/ready", ReadyAsync).AllowAnonymous();
    }

    private static async Task<IResult> ReadyAsync(
        IEnumerable<ReadinessCheck> checks, ProcessLifetime process, ServiceOptions options, TimeProvider time, CancellationToken cancellation)
    {
        using var patience = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellation);
        var faults = await Task.WhenAll(checks.Select(c => AskAsync(c, either.Token)));
        var shown = faults.ToDictionary(f => f.Name, f => f.Fault ?? "ok", StringComparer.Ordinal);
        if (process.IsDraining)
        {
            shown["process"] = "draining";
        }

        var ready = shown.Values.All(v => v == "ok");
        return Results.Json(new Ready(ready ? "ready" : "not-ready", options.Name, shown), StrictJson.Options, statusCode: ready ? 200 : 503);
    }

    private static async Task<(string Name, string? Fault)> AskAsync(ReadinessCheck check, CancellationToken cancellation)
    {
        try
        {
            return (check.Name, await check.Fault(cancellation).AsTask().WaitAsync(cancellation));
        }
        catch (Exception e)
        {
            // Whatever a check dies of means that what it looks after is not ready; the type is enough for an operator to go on from.
            return (check.Name, e is OperationCanceledException ? "no answer within a second" : $"failed ({e.GetType().Name})");
        }
    }

    private sealed record Alive(string Status, string Service, string Version);

    private sealed record Ready(string Status, string Service, IReadOnlyDictionary<string, string> Checks);
}

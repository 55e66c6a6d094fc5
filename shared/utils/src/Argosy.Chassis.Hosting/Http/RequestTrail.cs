using System.Diagnostics;
using Argosy.Chassis.Hosting.Shedding;
using Argosy.Chassis.Hosting.Telemetry;
using Argosy.Chassis.Telemetry;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;

namespace Argosy.Chassis.Hosting;

/// <summary>Marks an endpoint whose successes are not logged.</summary>
internal sealed class QuietMetadata;

/// <summary>Marks an endpoint that is polled: what it says is its answer, and nothing of it is worth a line.</summary>
internal sealed class ProbeMetadata;

/// <summary>
/// Outermost: gives the request its correlation id, returns it, and leaves one line behind for whoever follows the trail. Reads that
/// succeed are logged at debug only. The path is logged as routed (<c>/api/v1/orders/{id}</c>): values may be personal.
/// </summary>
internal sealed partial class RequestTrail(RequestDelegate next, ProcessLifetime process, TimeProvider time, ILogger<RequestTrail> log)
{
    public async Task InvokeAsync(HttpContext context)
    {
        if (context.Features.Get<IHttpActivityFeature>()?.Activity is { } activity)
        {
            var id = Correlation.Adopt(activity, context.Request.Headers[Correlation.Header]);
            context.Response.OnStarting(static state =>
            {
                var (response, correlation) = ((HttpResponse, string))state;
                response.Headers[Correlation.Header] = correlation;
                return Task.CompletedTask;
            }, (context.Response, id));
        }

        if (process.IsDraining)
        {
            context.Response.Headers.Connection = "close";
        }

        var start = time.GetTimestamp();
        try
        {
            await next(context);
        }
        finally
        {
            var status = context.Response.StatusCode;
            var level = IsProbe(context) || context.Features.Get<Shed>() is not null ? LogLevel.Debug : status >= 500 ? LogLevel.Warning : IsRoutine(context, status) ? LogLevel.Debug : LogLevel.Information;
            if (log.IsEnabled(level))
            {
                LogRequest(level, MethodOf(context), RouteOf(context), status, time.GetElapsedTime(start).TotalMilliseconds);
            }
        }
    }

    private static bool IsProbe(HttpContext context) => context.GetEndpoint()?.Metadata.GetMetadata<ProbeMetadata>() is not null;

    private static bool IsRoutine(HttpContext context, int status) => status < 400
        && (HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method)
            || context.GetEndpoint()?.Metadata.GetMetadata<QuietMetadata>() is not null);

    // What a client made up is in no log.
    internal static string MethodOf(HttpContext context) => RequestTelemetry.MethodOf(context.Request.Method);

    internal static string RouteOf(HttpContext context) => (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText ?? "(no route)";

    [LoggerMessage(Message = "{Method} {Route} {Status} in {Milliseconds:0.0} ms")]
    private partial void LogRequest(LogLevel level, string method, string route, int status, double milliseconds);
}

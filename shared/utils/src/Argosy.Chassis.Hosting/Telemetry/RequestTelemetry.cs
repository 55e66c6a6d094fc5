using System.Diagnostics;
using System.Diagnostics.Metrics;
using Argosy.Chassis.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.Metadata;

namespace Argosy.Chassis.Hosting.Telemetry;

/// <summary>
/// Outermost of all: counts and times every request, and fills in what .NET 10 leaves out of its span. Labels are bounded: a method
/// that HTTP does not know is <c>_OTHER</c>, and an endpoint is a route's pattern, never a path.
/// </summary>
internal sealed class RequestTelemetry(RequestDelegate next)
{
    private const string NoRoute = "(no route)";

    private static readonly Counter<long> Requests = ArgosySources.Meter.CreateCounter<long>("service.requests", "{request}", "Requests answered, by status.");

    private static readonly Histogram<double> Duration = ArgosySources.Meter.CreateHistogram(
        "service.request.duration", "s", "From a request's arrival to the end of its answer; streams are left out.",
        advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10] });

    // The number of a status as text, once: a label's value is a string in the end.
    private static readonly string[] Statuses = [.. Enumerable.Range(0, 600).Select(status => status.ToString())];

    public async Task InvokeAsync(HttpContext context)
    {
        var span = context.Features.Get<IHttpActivityFeature>()?.Activity;
        if (span is { IsAllDataRequested: true } && IsUntraced(context.Request.Path))
        {
            // Nothing below it is recorded either.
            span.IsAllDataRequested = false;
            span.ActivityTraceFlags &= ~ActivityTraceFlags.Recorded;
        }

        var start = Stopwatch.GetTimestamp();
        Exception? failure = null;
        try
        {
            await next(context);
        }
        catch (Exception e)
        {
            failure = e;
            throw;
        }
        finally
        {
            // What broke off before an answer began is answered 500 by the server, after us.
            var status = failure is not null && !context.Response.HasStarted ? StatusCodes.Status500InternalServerError : context.Response.StatusCode;
            Measure(context, status, Stopwatch.GetElapsedTime(start));
            if (span is { IsAllDataRequested: true })
            {
                Describe(span, context, status, failure);
            }
        }
    }

    // Polled or machine-to-machine: a batch's messages have spans of their own, in the traces that they belong to.
    private static bool IsUntraced(PathString path) => path.Value is "/health" or "/ready" or "/metrics" or "/bus/v1";

    private static void Measure(HttpContext context, int status, TimeSpan took)
    {
        var endpoint = context.GetEndpoint();
        var method = new KeyValuePair<string, object?>("method", MethodOf(context.Request.Method));
        var route = new KeyValuePair<string, object?>("endpoint", RouteOf(endpoint) ?? NoRoute);
        Requests.Add(1, method, route, new KeyValuePair<string, object?>("status", status is >= 0 and < 600 ? Statuses[status] : "_OTHER"));
        if (endpoint?.Metadata.GetMetadata<StreamsMetadata>() is null)
        {
            Duration.Record(took.TotalSeconds, method, route);
        }
    }

    // The names and rules of OpenTelemetry's conventions for HTTP servers: an answer below 500 is no error of ours.
    private static void Describe(Activity span, HttpContext context, int status, Exception? failure)
    {
        var method = MethodOf(context.Request.Method);
        var route = RouteOf(context.GetEndpoint());
        span.DisplayName = route is null ? method : $"{method} {route}";
        span.SetTag("http.route", route);
        span.SetTag("http.response.status_code", status);
        span.SetTag("network.protocol.version", context.Request.Protocol is "HTTP/1.1" ? "1.1" : context.Request.Protocol.Replace("HTTP/", "", StringComparison.Ordinal));
        if (failure is not null)
        {
            span.AddFailure(failure);
        }

        if (failure is not null || status >= 500)
        {
            span.SetTag("error.type", failure?.GetType().FullName ?? Statuses[Math.Min(status, 599)]);
            span.SetStatus(ActivityStatusCode.Error);
        }
    }

    private static string? RouteOf(Endpoint? endpoint) => endpoint?.Metadata.GetMetadata<IRouteDiagnosticsMetadata>()?.Route;

    internal static string MethodOf(string method) => method switch
    {
        "GET" or "HEAD" or "POST" or "PUT" or "PATCH" or "DELETE" or "OPTIONS" or "TRACE" or "CONNECT" => method,
        _ => "_OTHER",
    };

    /// <summary>Puts it before everything, what a program adds before <c>MapArgosy</c> included.</summary>
    internal sealed class First(ServiceOptions options) : IStartupFilter
    {
        public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
        {
            app.UseMiddleware<RequestTelemetry>();
            if (options.MetricsPort is { } port)
            {
                app.UseMetricsPort(port);
            }

            next(app);
        };
    }
}

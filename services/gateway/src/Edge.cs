using System.Diagnostics;
using Argosy.Chassis;
using Argosy.Chassis.Hosting;
using Argosy.Chassis.Hosting.Shedding;
using Argosy.Chassis.Telemetry;
using Argosy.Gateway.Keys;
using Argosy.Gateway.Limits;
using Argosy.Gateway.Docs;
using Argosy.Mesh.Routing;
using Microsoft.AspNetCore.Http.Features;

namespace Argosy.Gateway;

/// <summary>
/// The public door, first in the pipeline. The protocol of a request:
/// <list type="number">
/// <item>It gets a correlation id: its own where that is usable, else its trace id.</item>
/// <item>Ambiguous framing and unknown methods are refused.</item>
/// <item>The raw target is normalised or refused, and the normal path is routed: no rule, 404. Headers and bodies that are too large for the
/// route are refused (<see cref="RequestPolicy"/>).</item>
/// <item>Where this process is too late with everything, what can wait is turned away: 503.</item>
/// <item>A key is taken out; a user's becomes an access token (<see cref="UserKeys"/>).</item>
/// <item>Who has asked too often is refused: 429; then whose key is not taken.</item>
/// <item>A stream takes one of its caller's places for as long as it lasts, else 429.</item>
/// <item>The upstream has a place for it and an instance that isn't known to be silent, else 503 at once. What that instance has just said that it
/// refuses (<see cref="ClosedDoor"/>) is refused in its name.</item>
/// <item>It is forwarded; where nobody takes the connection, to the next instance, with the rule's time; what fails before an answer has begun becomes a problem, what fails later ends the connection.</item>
/// <item>One line in the log, without path, query or anything else that the client made up. Reads that succeed are worth a debug line.</item>
/// </list>
/// </summary>
internal sealed partial class Edge(
    RequestDelegate next, PublicRoutes routes, UserKeys keys, Limiter limiter, Forwarding forwarding, Lateness lateness, ServiceOptions options, IHostApplicationLifetime host, TimeProvider time, ILogger<Edge> log)
{
    // They last, whatever the number of requests a minute: a person with a page and its tabs has these.
    private const int StreamsEach = 32;

    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(1);

    private static readonly Problem Bug = new(500, "internal", "Something went wrong here. The trace id tells us what; please quote it.");

    private static readonly Problem TooManyStreams = Problem.QuotaExceeded(
        "streams", $"You follow {StreamsEach} streams, which is as many as one caller may; end one of them.", Soon);

    private static readonly Problem NoRoute = Problem.NotFound("gateway.no-route", "There is nothing at this path.");

    private readonly Places _streams = new(StreamsEach);

    // The door itself is open to strangers: in production its metrics have a port of their own (which the chassis guards), or none.
    private bool ShowsMetrics => options.IsLocal || options.MetricsPort is not null;

    public Task InvokeAsync(HttpContext context)
    {
        var raw = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        return IsOwn(raw) ? next(context) : PassAsync(context, raw);
    }

    // A span: every request passes here, and most are none of these.
    private bool IsOwn(ReadOnlySpan<char> raw)
    {
        var query = raw.IndexOf('?');
        var path = query < 0 ? raw : raw[..query];
        return path is "/health" or "/ready" or DocsPages.Path || path.StartsWith(DocsPages.Below, StringComparison.Ordinal)
            || (path is "/metrics" && ShowsMetrics) || (path is "/openapi/v1.yaml" && options.IsLocal);
    }

    private async Task PassAsync(HttpContext context, string raw)
    {
        var start = time.GetTimestamp();
        var correlation = Correlation.Adopt(Activity.Current!, context.Request.Headers[Correlation.Header]);   // MapArgosy listens, so there is one
        Lane? lane = null;
        Problem? problem;
        Ended ended;
        try
        {
            (problem, ended) = (Admission.Refuse(context), Ended.Refused);
            if (problem is null && TryRoute(context, raw, correlation, out lane, out problem) is { } passage)
            {
                (problem, ended) = await AdmitAsync(context, lane!, passage);
            }
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            (problem, ended) = (null, Ended.ClientGone);
        }
        catch (Exception e) when (!context.Response.HasStarted)
        {
            LogBug(e, context.Request.Method, NameOf(lane));
            (problem, ended) = (Bug, Ended.Failed);
        }

        if (problem is not null)
        {
            await AnswerAsync(context, problem, correlation);
        }

        Log(context, lane, ended, time.GetElapsedTime(start));
    }

    private Passage? TryRoute(HttpContext context, string raw, string correlation, out Lane? lane, out Problem? problem)
    {
        lane = null;
        if (!RequestTarget.TryParse(raw, out var target, out var refusal))
        {
            problem = Problem.Invalid("gateway.target", refusal!);
            return null;
        }

        lane = routes.Find(context.Request, target, out var path);
        problem = lane is null ? NoRoute : lane.Request.Refuse(context);
        context.SetEndpoint(lane?.Endpoint);
        return problem is not null ? null : new Passage(lane!.Upstream, path, target.Path, target.Query, correlation, lane.Deadline);
    }

    private async ValueTask<(Problem? Problem, Ended Ended)> AdmitAsync(HttpContext context, Lane lane, Passage passage)
    {
        if (lateness.Refuse(lane.Request.PriorityOf(context.Request.Method)) is { } late)
        {
            return (late, Ended.Shed);
        }

        var sender = await keys.TakeAsync(context);
        if ((await limiter.RefuseAsync(context, passage.Path, sender) ?? sender.Refusal) is { } refusal)
        {
            return (refusal, Ended.Refused);
        }

        return lane.IsStream ? await FollowAsync(context, lane, passage, sender) : await EnterAsync(context, lane, passage);
    }

    private async ValueTask<(Problem? Problem, Ended Ended)> FollowAsync(HttpContext context, Lane lane, Passage passage, Sender sender)
    {
        var follower = await limiter.FollowerAsync(context, sender);
        if (follower is not null && !_streams.TryEnter(follower))
        {
            return (TooManyStreams, Ended.Refused);
        }

        try
        {
            return await EnterAsync(context, lane, passage);
        }
        finally
        {
            if (follower is not null)
            {
                _streams.Leave(follower);
            }
        }
    }

    private async ValueTask<(Problem? Problem, Ended Ended)> EnterAsync(HttpContext context, Lane lane, Passage passage)
    {
        var upstream = lane.Upstream;
        if (!upstream.TryEnter(lane.IsStream))
        {
            return (Problem.Unavailable("gateway.upstream-busy", $"{upstream.Name} has as many requests as it takes at a time.", Soon), Ended.Busy);
        }

        try
        {
            using var timer = lane.Timeout is { } timeout ? new CancellationTokenSource(timeout, time) : null;
            return await ForwardAsync(context, lane, passage, timer?.Token ?? host.ApplicationStopping);
        }
        finally
        {
            upstream.Leave(lane.IsStream);
        }
    }

    // Nothing of a request has left where no connection was made, so that another instance may have it, whatever it is.
    private async ValueTask<(Problem? Problem, Ended Ended)> ForwardAsync(HttpContext context, Lane lane, Passage passage, CancellationToken timeUp)
    {
        var last = new ForwardResult(Ended.NotTried, null);
        foreach (var instance in passage.Upstream.InTurn())
        {
            if (instance.Door?.Refuse(context.Request.Method, passage.Path, lane.Request.PriorityOf(context.Request.Method)) is { } refusal)
            {
                return (refusal, Ended.Shed);       // a 503 is not repeated at another instance, whoever gives it
            }

            last = await forwarding.SendAsync(context, passage, instance, timeUp);
            instance.Note(last.Ended);
            if (!last.NotSent)
            {
                break;
            }

            context.Response.Clear();       // the forwarder has noted the failure there
        }

        return (Explain(context, lane, last), last.Ended);
    }

    private Problem? Explain(HttpContext context, Lane lane, ForwardResult result)
    {
        var upstream = lane.Upstream;
        switch (result.Ended)
        {
            case Ended.NotTried or Ended.Unreachable or Ended.ConnectTimedOut:
                return Unavailable(upstream);
            case Ended.TimedOut when host.ApplicationStopping.IsCancellationRequested:
                return Problem.Unavailable("gateway.stopping", "The gateway is being stopped; ask again.", Soon);
            case Ended.TimedOut:
                return new Problem(504, "gateway.upstream-timeout", $"{upstream.Name} did not answer in time. Whether the request took effect is not known.");
            case Ended.InvalidAnswer:
                return new Problem(502, "gateway.upstream-invalid", $"{upstream.Name} gave an answer that cannot be used.");
            case Ended.BadBody:
                context.Response.Headers.Connection = "close";
                return lane.Request.OfBody(result.Cause);
            default:
                return null;                // answered, or there is nobody or nothing left to tell
        }
    }

    private static Problem Unavailable(Upstream upstream)
        => Problem.Unavailable("gateway.upstream-unavailable", $"{upstream.Name} cannot be reached at the moment.", Soon);

    private static Task AnswerAsync(HttpContext context, Problem problem, string correlation)
    {
        var response = context.Response;
        var (connection, allow) = (response.Headers.Connection, response.Headers.Allow);
        response.Clear();                   // the forwarder may have begun an answer
        (response.Headers.Connection, response.Headers.Allow) = (connection, allow);
        response.Headers[Correlation.Header] = correlation;
        if (problem.Status == StatusCodes.Status401Unauthorized)
        {
            // RFC 9110 §15.5.2 wants one. Keys in a header of their own have no scheme; this is the one that would be taken here instead.
            response.Headers.WWWAuthenticate = "Bearer realm=\"argosy\"";
        }

        return problem.ForWhoeverAsks(context.Request).ExecuteAsync(context);
    }

    private void Log(HttpContext context, Lane? lane, Ended ended, TimeSpan elapsed)
    {
        var (method, status) = (context.Request.Method, context.Response.StatusCode);
        var level = ended == Ended.Shed || IsToldToComeBack(context, ended) ? LogLevel.Debug : status >= 500 || ended == Ended.Truncated ? LogLevel.Warning
            : status < 400 && (HttpMethods.IsGet(method) || HttpMethods.IsHead(method)) ? LogLevel.Debug
            : LogLevel.Information;
        if (log.IsEnabled(level))
        {
            LogRequest(level, method, NameOf(lane), status, ended is Ended.Refused or Ended.Shed || lane is null ? "gateway" : lane.Upstream.Name, ended, elapsed.TotalMilliseconds);
        }
    }

    // A service that has too much to do counts whom it turns away; one that is ill has logged it. A line for each would be load on top.
    private static bool IsToldToComeBack(HttpContext context, Ended ended) => ended == Ended.Answered
        && context.Response is { StatusCode: StatusCodes.Status503ServiceUnavailable, Headers.RetryAfter.Count: > 0 };

    private static string NameOf(Lane? lane) => lane?.Name ?? "(no route)";

    [LoggerMessage(Level = LogLevel.Error, Message = "{Method} {Route} failed")]
    private partial void LogBug(Exception e, string method, string route);

    [LoggerMessage(Message = "{Method} {Route} {Status} by {Upstream} ({Ended}) in {Milliseconds:0.0} ms")]
    private partial void LogRequest(LogLevel level, string method, string route, int status, string upstream, Ended ended, double milliseconds);
}

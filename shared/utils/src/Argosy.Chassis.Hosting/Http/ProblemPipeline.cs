using System.Diagnostics;
using System.Net;
using Argosy.Chassis.Hosting.Telemetry;
using Argosy.Chassis.Resilience;
using Argosy.Chassis.Store;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Argosy.Chassis.Hosting;

/// <summary>
/// Whatever goes wrong in a request, the caller gets problem details: refusals thrown where nothing can be returned, requests that
/// do not bind, bare 4xx and 5xx statuses, and bugs, of which the caller learns nothing but the trace id.
/// </summary>
internal sealed partial class ProblemPipeline(RequestDelegate next, IServiceProvider services, IHostApplicationLifetime host, ILogger<ProblemPipeline> log)
{

    // nginx's number for "the client closed the request": nobody reads it, logs and metrics do.
    private const int ClientClosedRequest = 499;

    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            await next(context);
            if (IsBare(context.Response))
            {
                await ProblemAnswers.WriteAsync(context, OfStatus(context));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException && IsGone(context))
        {
            if (!context.Response.HasStarted)
            {
                context.Response.StatusCode = ClientClosedRequest;
            }
        }
        catch (OperationCanceledException) when (context.Response.HasStarted && context.RequestAborted.IsCancellationRequested)
        {
            // A stream that ends because its time is up or the process stops: an end, not an error.
        }
        catch (Exception e) when (!context.Response.HasStarted)
        {
            var problem = Explain(context, e);
            context.Response.Clear();
            await ProblemAnswers.WriteAsync(context, problem);
        }
    }

    private Problem Explain(HttpContext context, Exception e)
    {
        switch (e)
        {
            case DependencyException { InnerException: { } cause } away:
                LogAway(away.Name, cause.Message);
                return away.Problem;
            case ProblemException refusal:
                return refusal.Problem;
            case BadHttpRequestException bad:
                return RequestFaults.Explain(bad);
            case OperationCanceledException when context.Features.Get<RequestDeadline>() is { HasPassed: true }:
                return RequestDeadline.Exceeded;
            case OperationCanceledException when host.ApplicationStopping.IsCancellationRequested:
                return Problem.Unavailable("service.stopping", "The service is being stopped; ask again.", TimeSpan.FromSeconds(1));
            case { } away when Store is { } store && store.IsTransient(away):
                LogAway("The database", away.Message);
                return Problem.Unavailable("database.away", "The database cannot be used right now; ask again.", TimeSpan.FromSeconds(1));
            case HttpRequestException { StatusCode: null or >= HttpStatusCode.InternalServerError } away:
                LogUpstream(away, RequestTrail.MethodOf(context), RequestTrail.RouteOf(context));
                return Problem.Unavailable("upstream.away", "A service needed for this answer is away; ask again.", TimeSpan.FromSeconds(1));
            case HttpRequestException failed:
                LogUpstream(failed, RequestTrail.MethodOf(context), RequestTrail.RouteOf(context));
                return new Problem(502, "upstream.failed", "A service needed for this answer gave one that cannot be used.");
            default:
                Activity.Current?.AddFailure(e);
                LogBug(e, RequestTrail.MethodOf(context), RequestTrail.RouteOf(context));
                return new Problem(500, "internal", "Something went wrong here. The trace id tells us what; please quote it.");
        }
    }

    // Asked for late: the gateway has none, and a store that cannot be opened is the start's to tell.
    private IStore? Store => services.GetService<ServiceStart>() is { Fault: null } ? services.GetRequiredService<IStore>() : null;

    private static bool IsGone(HttpContext context) =>
        context.Features.Get<RequestDeadline>() is { } deadline
            ? deadline.ClientGone
            : context.RequestAborted.IsCancellationRequested;

    private static bool IsBare(HttpResponse response) =>
        response is { HasStarted: false, StatusCode: >= 400, ContentType: null, ContentLength: null or 0 };

    private static Problem OfStatus(HttpContext context) => context.Response.StatusCode switch
    {
        401 => Problem.Unauthorized("token.required", "This needs a valid bearer token."),
        403 => Problem.Forbidden("caller.forbidden", "The caller may not do this."),
        404 => Problem.NotFound("path.unknown", "There is nothing at this path."),
        405 => new Problem(405, "method.unknown", $"This path does not take {Shown(context.Request.Method)}; see Allow."),
        413 => RequestFaults.TooLarge,
        415 => RequestFaults.MediaType,
        var status => new Problem(status, $"http.{status}", "The request was refused."),
    };

    // The method is the caller's text: repeat it only when it is one of ours.
    private static string Shown(string method) => method.Length <= 10 && method.All(char.IsAsciiLetterUpper) ? method : "that method";

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Dependency} gave no answer: {Reason}")]
    private partial void LogAway(string dependency, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Method} {Route} failed")]
    private partial void LogBug(Exception e, string method, string route);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Method} {Route} got an unusable answer from another service")]
    private partial void LogUpstream(Exception e, string method, string route);
}

using System.Globalization;
using Argosy.Chassis.Resilience;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Hosting;

namespace Argosy.Chassis.Hosting;

/// <summary>
/// The deadline of one request: its token replaces <see cref="HttpContext.RequestAborted"/>, so that everything which already
/// watches for a client that left also stops when the time is up.
/// </summary>
internal sealed class RequestDeadline : IHttpRequestLifetimeFeature, IDisposable
{
    private readonly IHttpRequestLifetimeFeature _client;
    private readonly CancellationToken _clientGone;
    private readonly CancellationTokenSource _ended;
    private readonly CancellationTokenRegistration _onClient;
    private readonly CancellationTokenRegistration _onStop;
    private readonly Deadline? _deadline;

    /// <summary>Ends at the deadline, or without one (a stream) when the process stops.</summary>
    public RequestDeadline(IHttpRequestLifetimeFeature client, Deadline? deadline, TimeProvider time, CancellationToken stopping)
    {
        _client = client;
        _deadline = deadline;
        _clientGone = client.RequestAborted;
        _ended = deadline is null ? new() : new(deadline.Remaining, time);
        _onClient = _clientGone.UnsafeRegister(Cancel, _ended);
        _onStop = deadline is null ? stopping.UnsafeRegister(Cancel, _ended) : default;
        RequestAborted = _ended.Token;
    }

    public static Problem Exceeded => DeadlineExceededException.Refusal;

    // The token's word counts, not the clock's: timers may fire a little before the clock says so.
    public bool HasPassed => _deadline is not null && _ended.IsCancellationRequested && !ClientGone;

    public bool ClientGone => _clientGone.IsCancellationRequested;

    public CancellationToken RequestAborted { get; set; }

    public void Abort() => _client.Abort();

    public void Dispose()
    {
        _onClient.Dispose();
        _onStop.Dispose();
        _ended.Dispose();
    }

    private static void Cancel(object? source) => ((CancellationTokenSource)source!).Cancel();
}

/// <summary>
/// Gives every request its deadline: what the caller says in <see cref="Deadline.Header"/>, at most the limit, which is also what
/// holds when the caller says nothing. A value that is not a number is the caller's bug, and is told so instead of being guessed at.
/// </summary>
internal sealed class DeadlineMiddleware(RequestDelegate next, TimeProvider time, IHostApplicationLifetime host)
{
    /// <summary>Nobody holds a request longer, streams aside.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private static readonly Problem Malformed =
        Problem.Invalid("deadline.malformed", $"{Deadline.Header} takes the milliseconds that are left, as a whole number.");

    public async Task InvokeAsync(HttpContext context)
    {
        // 1. How long the caller still waits.
        if (Budget(context.Request.Headers[Deadline.Header], out var budget) is { } problem)
        {
            await ProblemAnswers.WriteAsync(context, problem);
            return;
        }

        // 2. Nobody waits any more: the cheapest work is the work not begun.
        if (budget <= TimeSpan.Zero)
        {
            await ProblemAnswers.WriteAsync(context, RequestDeadline.Exceeded);
            return;
        }

        // 3. The rest of the request sees one token for "client gone", "time up" and, for streams, "process stopping".
        var streams = context.GetEndpoint()?.Metadata.GetMetadata<StreamsMetadata>() is not null;
        var deadline = streams ? null : Deadline.After(budget, time);
        var client = context.Features.GetRequiredFeature<IHttpRequestLifetimeFeature>();
        using var lifetime = new RequestDeadline(client, deadline, time, host.ApplicationStopping);
        using var entered = deadline?.Enter();
        context.Features.Set(lifetime);
        context.Features.Set<IHttpRequestLifetimeFeature>(lifetime);
        await next(context);
    }

    private static Problem? Budget(string? header, out TimeSpan budget)
    {
        budget = Limit;
        if (string.IsNullOrEmpty(header))
        {
            return null;
        }

        if (!long.TryParse(header, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var milliseconds))
        {
            return Malformed;
        }

        budget = milliseconds < Limit.TotalMilliseconds ? TimeSpan.FromMilliseconds(Math.Max(0, milliseconds)) : Limit;
        return null;
    }
}

/// <summary>Marks an endpoint whose answer has no end of its own, such as server-sent events.</summary>
internal sealed class StreamsMetadata;

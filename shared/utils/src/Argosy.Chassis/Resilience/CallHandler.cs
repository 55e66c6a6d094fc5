using System.Globalization;
using System.Net;
using Argosy.Chassis.Telemetry;
using Polly;
using Polly.Retry;
using Polly.Timeout;

namespace Argosy.Chassis.Resilience;

/// <summary>
/// Carries a call to another service through its bad moments. The protocol:
/// <list type="number">
/// <item>The deadline of the work has passed: nothing is sent.</item>
/// <item>Everything happens within the total time, or what the deadline leaves of it.</item>
/// <item>For each attempt the breaker is asked; open means refused at once, and no further attempt.</item>
/// <item>An attempt sends what time it has (<see cref="Deadline.Header"/>) and the correlation id, and reads the whole answer,
/// so that a body that never ends is a slow attempt and not a hang.</item>
/// <item>Unreachable, too slow, 502, 503, 504: another attempt after a pause, where the call may be repeated (idempotent by its
/// method, or by an Idempotency-Key) and the retry budget allows.</item>
/// <item>No answer at all becomes a <see cref="DependencyException"/>; an answer, be it a 503, is the caller's to judge.</item>
/// </list>
/// </summary>
public sealed class CallHandler : DelegatingHandler
{
    private static readonly ResiliencePropertyKey<HttpRequestMessage> RequestKey = new("argosy.request");
    private static readonly TimeSpan AskAgain = TimeSpan.FromSeconds(2);

    // Timers go by a coarser clock than deadlines, and may fire this much too early.
    private static readonly TimeSpan TimerGrain = TimeSpan.FromMilliseconds(16);


    private readonly CallOptions _options;
    private readonly Breaker _breaker;
    private readonly RetryBudget _budget;
    private readonly TimeProvider _time;
    private readonly ResiliencePipeline<HttpResponseMessage> _call;
    private readonly ResiliencePipeline<HttpResponseMessage> _attempt;

    /// <summary>A handler for one dependency, whose name is the breaker's.</summary>
    public CallHandler(Breaker breaker, CallOptions options, TimeProvider time)
    {
        _breaker = breaker;
        _options = options;
        _time = time;
        _budget = new RetryBudget(time);
        _call = new ResiliencePipelineBuilder<HttpResponseMessage> { TimeProvider = time }
            .AddTimeout(new TimeoutStrategyOptions { TimeoutGenerator = _ => ValueTask.FromResult(Within(options.Total)) })
            .AddRetry(Retries())
            .Build();
        _attempt = new ResiliencePipelineBuilder<HttpResponseMessage> { TimeProvider = time }
            .AddTimeout(options.Attempt)
            .Build();
    }

    /// <inheritdoc />
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (Deadline.Current is { HasPassed: true })
        {
            throw new DeadlineExceededException();
        }

        if (request.Content is { } content && IsRepeatable(request))
        {
            await content.LoadIntoBufferAsync(_options.LargestAnswer, cancellationToken);
        }

        var context = ResilienceContextPool.Shared.Get(cancellationToken);
        context.Properties.Set(RequestKey, request);
        try
        {
            _budget.Called();
            return await _call.ExecuteAsync(static (c, self) => self.AttemptAsync(c), context, this);
        }
        catch (Exception e) when (e is TimeoutRejectedException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw Deadline.Current?.Remaining < TimerGrain
                ? new DeadlineExceededException(e)
                : new DependencyException(_breaker.Name, "did not answer in time", AskAgain, e);
        }
        catch (HttpRequestException e)
        {
            throw new DependencyException(_breaker.Name, "cannot be reached", AskAgain, e);
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }
    }

    private async ValueTask<HttpResponseMessage> AttemptAsync(ResilienceContext context)
    {
        using var pass = _breaker.Enter();
        var request = context.Properties.GetValue(RequestKey, null!);
        var hurried = Within(_options.Attempt) < _options.Attempt;
        Label(request);
        try
        {
            var response = await _attempt.ExecuteAsync(
                static (state, token) => state.self.ReadWholeAsync(state.request, token), (self: this, request), context.CancellationToken);
            pass.Report(Judge(response.StatusCode, hurried));
            return response;
        }
        catch (Exception e) when (IsTheirs(e, context.CancellationToken))
        {
            pass.Report(CallOutcome.Failed);
            throw;
        }
    }

    private async ValueTask<HttpResponseMessage> ReadWholeAsync(HttpRequestMessage request, CancellationToken cancellation)
    {
        var response = await base.SendAsync(request, cancellation);
        try
        {
            await response.Content.LoadIntoBufferAsync(_options.LargestAnswer, cancellation);
            return response;
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }

    private void Label(HttpRequestMessage request)
    {
        var left = Math.Max(1, (long)Within(_options.Attempt).TotalMilliseconds);
        request.Headers.Remove(Deadline.Header);
        request.Headers.Add(Deadline.Header, left.ToString(CultureInfo.InvariantCulture));
        if (Correlation.Current is { } correlation && !request.Headers.Contains(Correlation.Header))
        {
            request.Headers.Add(Correlation.Header, correlation);
        }
    }

    private RetryStrategyOptions<HttpResponseMessage> Retries() => new()
    {
        MaxRetryAttempts = Math.Max(1, _options.Attempts - 1),
        BackoffType = DelayBackoffType.Exponential,
        UseJitter = true,
        Delay = _options.Pause,
        MaxDelay = _options.LongestPause,
        ShouldHandle = args => ValueTask.FromResult(
            args.AttemptNumber < _options.Attempts - 1
            && IsRepeatable(args.Context.Properties.GetValue(RequestKey, null!))
            && IsWorthRepeating(args.Outcome, args.Context.CancellationToken)
            && _budget.TryRetry()),
        DelayGenerator = args => ValueTask.FromResult(RetryAfter(args.Outcome.Result)),
    };

    private bool IsWorthRepeating(Outcome<HttpResponseMessage> outcome, CancellationToken cancellation) => outcome switch
    {
        { Exception: { } e } => IsTheirs(e, cancellation),
        { Result: { StatusCode: HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout } answer } =>
            !(RetryAfter(answer) > _options.LongestPause),
        _ => false,
    };

    // Impatient callers must not open the breaker for everybody: whoever gave less time than an attempt has learns nothing from a
    // 504, which may be their own deadline coming back.
    private static CallOutcome Judge(HttpStatusCode status, bool hurried) => status switch
    {
        HttpStatusCode.GatewayTimeout when hurried => CallOutcome.Abandoned,
        >= HttpStatusCode.InternalServerError => CallOutcome.Failed,
        _ => CallOutcome.Succeeded,
    };

    // A connection that takes too long is a cancellation that nobody asked for. One that somebody asked for, be it the client who
    // left or the deadline, says nothing about the other side.
    private static bool IsTheirs(Exception e, CancellationToken cancellation) =>
        e is HttpRequestException or TimeoutRejectedException
        || (e is OperationCanceledException && !cancellation.IsCancellationRequested);

    // RFC 9110 §9.2.2; with a key the other side makes a repeat the same.
    private static bool IsRepeatable(HttpRequestMessage request) =>
        request.Method == HttpMethod.Get || request.Method == HttpMethod.Head || request.Method == HttpMethod.Put
        || request.Method == HttpMethod.Delete || request.Headers.Contains("Idempotency-Key");

    private TimeSpan? RetryAfter(HttpResponseMessage? answer) => answer?.Headers.RetryAfter switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } => date - _time.GetUtcNow() is var left && left > TimeSpan.Zero ? left : TimeSpan.Zero,
        _ => null,
    };

    // Never zero: Polly takes that for "no timeout".
    private static TimeSpan Within(TimeSpan limit)
    {
        var left = Deadline.Current?.Remaining ?? limit;
        return left < limit ? Max(left, TimeSpan.FromMilliseconds(1)) : limit;
    }

    private static TimeSpan Max(TimeSpan one, TimeSpan other) => one > other ? one : other;
}

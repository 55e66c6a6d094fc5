using System.Diagnostics;
using Argosy.Chassis.Store;
using Argosy.Chassis.Telemetry;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Argosy.Chassis.Messaging;

/// <summary>A row of a service's own table that says what is still to be done outside.</summary>
public interface IIntent
{
    /// <summary>The row's identity: one intent runs once at a time.</summary>
    string Id { get; }

    /// <summary>How many tries have failed.</summary>
    long Attempts { get; }

    /// <summary>What <see cref="MessageContext.Save"/> wrote when the intent was committed: its trace, correlation and saga.</summary>
    string Context { get; }
}

/// <summary>How hard an <see cref="IntentWorker{TIntent}"/> tries.</summary>
public sealed record IntentWorkerOptions
{
    /// <summary>How many intents run side by side, at most: a slow other side takes this much of us and no more.</summary>
    public int Bulkhead { get; init; } = 16;

    /// <summary>How long one try may take.</summary>
    public TimeSpan Deadline { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The pause after the first failed try; it doubles with each, up to <see cref="LongestPause"/>.</summary>
    public TimeSpan FirstPause { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>The longest pause between two tries.</summary>
    public TimeSpan LongestPause { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How often the table is looked at without being woken: what a lost wake-up costs, and what a start needs to find old work.</summary>
    public TimeSpan Poll { get; init; } = TimeSpan.FromSeconds(1);
}

/// <summary>
/// Does what handlers must not: calls outside. The protocol:
/// <list type="number">
/// <item>A handler puts the intent's row, due now, with <c>work.Context.Save()</c> into its write set, and <c>work.OnCommitted(worker.Wake)</c>.</item>
/// <item>The worker finds it in the database (after a restart too), and runs it within its bulkhead and its deadline.</item>
/// <item><see cref="RunAsync"/> asks what is in doubt instead of repeating it, and commits the outcome, which ends the intent.</item>
/// <item>Where instances share the store one of them looks, and another instance's intents are found by its poll; the guards of
/// <see cref="RunAsync"/> and <see cref="Postpone"/> keep what is written right even where two run one intent.</item>
/// <item>A failed try postpones the row, with backoff and jitter, by <see cref="Postpone"/>; whether it is the last one is decided there.</item>
/// </list>
/// </summary>
public abstract partial class IntentWorker<TIntent> : BackgroundService where TIntent : IIntent
{
    // Somebody changed the intent while it ran: look again on fresh reads, but never in a hot loop.
    private static readonly TimeSpan ConflictPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan SharedPoll = TimeSpan.FromMilliseconds(250);

    private readonly IStore _store;
    private readonly IntentWorkerOptions _options;
    private readonly ILogger _log;
    private readonly Signal _due = new();
    private readonly Dictionary<string, Task> _running = new(StringComparer.Ordinal);    // touched by the loop alone

    /// <summary>A worker on the service's own store.</summary>
    protected IntentWorker(IStore store, IntentWorkerOptions options, TimeProvider time, ILogger log)
    {
        _store = store;
        _options = options;
        _log = log;
        Time = time;
    }

    /// <summary>The clock.</summary>
    protected TimeProvider Time { get; }

    /// <summary>Says that there may be work. Cheap and never lost: made for <see cref="WriteSet.OnCommitted"/>.</summary>
    public void Wake() => _due.Set();

    /// <summary>Reads intents whose <c>due</c> is not after <paramref name="now"/> (Unix milliseconds), the longest due first.</summary>
    protected abstract Task<IReadOnlyList<TIntent>> DueAsync(long now, int limit, CancellationToken cancellation);

    /// <summary>
    /// Does it, and commits the outcome guarded by what the row said. A <see cref="CommitException"/> of a conflict means that somebody
    /// else had a word: the intent is read again at once. Any other exception is a failed try.
    /// </summary>
    protected abstract Task RunAsync(TIntent intent, CancellationToken cancellation);

    /// <summary>
    /// Writes down a failed try: one more attempt, due again at <paramref name="dueAt"/>, or given up. Guard it by the attempts read
    /// (<c>where id = @id and attempts = @attempts</c>), so that a word in between stands.
    /// </summary>
    protected abstract void Postpone(WriteSet work, TIntent intent, DateTimeOffset dueAt, Exception error);

    /// <summary>
    /// A write set caused by the intent: its trace and saga headers go on. Name the decision: identities born for two decisions of one
    /// cause never meet, and the same decision made again gives the same ones.
    /// </summary>
    protected WriteSet WorkFor(TIntent intent, string decision) => new(MessageContext.Load(intent.Context).For(decision), Time.GetUtcNow());

    /// <inheritdoc/>
    protected sealed override Task ExecuteAsync(CancellationToken stoppingToken) =>
        new LeaseHolder($"intents/{GetType().Name}", _store, Time, _log).RunAsync(LoopAsync, stoppingToken);

    private async Task LoopAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (!stoppingToken.IsCancellationRequested)
            {
                var seen = _due.Version;
                await StartDueAsync(stoppingToken);
                await _due.WaitAsync(seen, Poll, Time, stoppingToken);
            }
        }
        finally
        {
            // They were told to stop; whatever is in doubt after that is found in the database at the next start.
            await Task.WhenAll(_running.Values);
            _running.Clear();
        }
    }

    // Other instances' intents come without a wake-up.
    private TimeSpan Poll => _store.IsShared && _options.Poll > SharedPoll ? SharedPoll : _options.Poll;

    private async Task StartDueAsync(CancellationToken stopping)
    {
        // What has ended is forgotten before the table is read, never after: a row read earlier would run once more.
        foreach (var (id, run) in _running)
        {
            if (run.IsCompleted)
            {
                _running.Remove(id);
            }
        }

        if (_running.Count >= _options.Bulkhead)
        {
            return;
        }

        try
        {
            foreach (var intent in await DueAsync(Time.GetUtcNow().ToUnixTimeMilliseconds(), _options.Bulkhead, stopping))
            {
                if (_running.Count < _options.Bulkhead && !_running.ContainsKey(intent.Id))
                {
                    _running.Add(intent.Id, RunToEndAsync(intent, stopping));
                }
            }
        }
        catch (Exception e) when (_store.IsTransient(e))
        {
            LogAway(_log, GetType().Name, e.Message);
            await Task.Delay(_options.Poll, Time, stopping);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            LogUnreadable(_log, e, _options.Poll.TotalSeconds);
        }
    }

    // Never throws: the loop does not look at results.
    private async Task RunToEndAsync(TIntent intent, CancellationToken stopping)
    {
        await Task.Yield();     // beside the loop, not in it
        try
        {
            using var span = StartSpan(intent);
            if (await TryAsync(intent, stopping) is { } error)
            {
                span?.SetStatus(ActivityStatusCode.Error, error.Message);
                await PostponeAsync(intent, error, stopping);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            return;
        }
        catch (Exception e)
        {
            // The database did not take our word. The row is due still; it rests here so that it does not spin.
            LogUnrecorded(_log, e, intent.Id);
            await Task.Delay(_options.Poll, Time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }

        _due.Set();
    }

    // Null: it has ended, or is to be looked at again.
    private async Task<Exception?> TryAsync(TIntent intent, CancellationToken stopping)
    {
        using var deadline = new CancellationTokenSource(_options.Deadline, Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, stopping);
        using var entered = Resilience.Deadline.After(_options.Deadline, Time).Enter();     // calls made meanwhile pass it on
        try
        {
            Failpoints.Hit("intent.before");
            await RunAsync(intent, either.Token);
            Failpoints.Hit("intent.after");
            return null;
        }
        catch (CommitException e) when (e.Result == CommitResult.Conflict)
        {
            await Task.Delay(ConflictPause, Time, stopping);
            return null;
        }
        catch (OperationCanceledException e) when (!stopping.IsCancellationRequested)
        {
            return deadline.IsCancellationRequested ? new TimeoutException($"No outcome within {_options.Deadline.TotalSeconds:0.#} s.", e) : e;
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            return e;
        }
    }

    private async Task PostponeAsync(TIntent intent, Exception error, CancellationToken stopping)
    {
        LogFailed(_log, error, GetType().Name, intent.Id, intent.Attempts + 1);
        var work = WorkFor(intent, $"postpone/{intent.Attempts}");
        Postpone(work, intent, work.Now + Pause(intent), error);
        var outcome = await _store.CommitAsync(work, stopping);
        if (outcome.Result != CommitResult.Conflict)
        {
            outcome.Ensure();
        }
    }

    // Full jitter in the upper half, so that many that failed together do not come back together. It comes from the intent's
    // name and the try: as good as chance among many, and the same whenever the same story is told again.
    private TimeSpan Pause(TIntent intent)
    {
        var full = Math.Min(_options.LongestPause.TotalMilliseconds, _options.FirstPause.TotalMilliseconds * Math.Pow(2, Math.Min(intent.Attempts, 30)));
        var jitter = Fnv1a.Of($"{intent.Id}/{intent.Attempts}") / (double)uint.MaxValue;
        return TimeSpan.FromMilliseconds((full / 2) + (jitter * full / 2));
    }

    private Activity? StartSpan(TIntent intent)
    {
        var headers = MessageContext.Load(intent.Context).Headers;
        var parent = ActivityContext.TryParse(headers.TraceParent, headers.TraceState, isRemote: true, out var cause) ? cause : default;
        var span = BusTelemetry.Source.StartActivity($"intent {GetType().Name}", ActivityKind.Internal, parent)?.SetTag("argosy.intent.id", intent.Id);
        if (span is not null)
        {
            Correlation.Adopt(span, headers.CorrelationId);
        }

        return span;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Worker}: intent {IntentId} failed, try {Attempt}")]
    private static partial void LogFailed(ILogger logger, Exception error, string worker, string intentId, long attempt);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Worker}: intents wait, the database is away: {Reason}")]
    private static partial void LogAway(ILogger logger, string worker, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "The outcome of a failed try of intent {IntentId} could not be written down; it stays due")]
    private static partial void LogUnrecorded(ILogger logger, Exception error, string intentId);

    [LoggerMessage(Level = LogLevel.Error, Message = "Looking for intents failed; it is tried again within {Seconds} s")]
    private static partial void LogUnreadable(ILogger logger, Exception error, double seconds);
}

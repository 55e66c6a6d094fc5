using System.Threading.Channels;

namespace Argosy.Cli.Processes;

/// <summary>
/// Keeps one process alive: starts it, waits until it is ready, starts it again when it ends by itself, ends it when asked to.
/// One loop owns the process; everyone else sends it requests or reads <see cref="Status"/>.
/// </summary>
internal sealed class Supervised
{
    private readonly ProcessPlan _plan;
    private readonly SupervisionPolicy _policy;
    private readonly Readiness _readiness;
    private readonly TimeProvider _time;
    private readonly Action<ReadOnlyMemory<byte>> _sink;
    private readonly Action<ProcessStatus> _changed;
    private readonly Channel<Request> _requests = Channel.CreateBounded<Request>(16);
    private readonly TaskCompletionSource<Ending?> _firstOutcome = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task<Request>? _nextRequest;
    private Task _loop = Task.CompletedTask;
    private int _crashesInARow;
    private DateTimeOffset? _readyAt;

    public Supervised(ProcessPlan plan, SupervisionPolicy policy, Readiness readiness, TimeProvider time,
        Action<ReadOnlyMemory<byte>> sink, Action<ProcessStatus> changed)
    {
        (_plan, _policy, _readiness, _time, _sink, _changed) = (plan, policy, readiness, time, sink, changed);
        Status = new ProcessStatus(plan.Name, ProcessState.Starting, null, plan.Port, plan.Url);
    }

    public ProcessPlan Plan => _plan;

    /// <summary>Replaced as a whole, so that a reader sees one moment.</summary>
    public ProcessStatus Status { get; private set; }

    /// <summary>Null once it is ready for the first time, or what went wrong.</summary>
    public Task<Ending?> FirstOutcome => _firstOutcome.Task;

    public void Start() => _loop = Task.Run(LoopAsync);

    /// <summary>Ends the process, gently unless <paramref name="killNow"/>; true if it had to be killed.</summary>
    public async Task<bool> StopAsync(CancellationToken killNow)
    {
        var stop = new Request.Stop(killNow);
        if (!_loop.IsCompleted && await TrySendAsync(stop))
        {
            await _loop;
        }

        return stop.HadToKill;
    }

    /// <summary>Ends it gently and starts it again; returns when the new one is ready.</summary>
    public async Task RestartAsync(CancellationToken ct)
    {
        var restart = new Request.Restart();
        if (!await TrySendAsync(restart))
        {
            throw new Refusal($"{_plan.Name} isn't supervised any more");
        }

        await restart.Done.Task.WaitAsync(ct);
    }

    private Task<Request> NextRequest => _nextRequest ??= _requests.Reader.ReadAsync().AsTask();

    private async Task LoopAsync()
    {
        try
        {
            Request? request = null;
            while (request is not Request.Stop)
            {
                request = await LiveAsync(request as Request.Restart) ?? await BackOffAsync();
            }
        }
        finally
        {
            _requests.Writer.Complete();
            while (_requests.Reader.TryRead(out var late))
            {
                late.Refuse($"{_plan.Name} has been stopped");
            }

            _firstOutcome.TrySetResult(new Ending("was stopped before it was ready"));
        }
    }

    /// <summary>From start to end; returns the request that ended it, or null when it ended by itself.</summary>
    private async Task<Request?> LiveAsync(Request.Restart? cause)
    {
        Child child;
        try
        {
            child = Child.Start(PlanOfThisLife(), _sink);
        }
        catch (Refusal refusal)
        {
            return Crashed(new Ending($"can't be started: {refusal.Message}"), cause);
        }

        using (child)
        {
            var startedAt = _time.GetUtcNow();
            _readyAt = null;
            Change(Status with { State = ProcessState.Starting, Pid = child.Pid, StartedAt = startedAt, ReadySeconds = null });
            using var deadline = new CancellationTokenSource(_policy.ReadyWithin, _time);
            var ready = _readiness.WaitAsync(_plan.Url, deadline.Token);
            var first = await Task.WhenAny(ready, child.Exited, NextRequest);
            if (ready.IsCompletedSuccessfully)
            {
                BecameReady(startedAt, cause);
                first = await Task.WhenAny(child.Exited, NextRequest);
            }

            await deadline.CancelAsync();
            return first == ready ? await TooSlowAsync(child, cause)
                : first == child.Exited ? Crashed(Ending.By(await child.Exited), cause)
                : await EndAsync(child, cause);
        }
    }

    private void BecameReady(DateTimeOffset startedAt, Request.Restart? cause)
    {
        _readyAt = _time.GetUtcNow();
        Change(Status with { State = ProcessState.Running, ReadySeconds = (_readyAt.Value - startedAt).TotalSeconds });
        _firstOutcome.TrySetResult(null);
        cause?.Done.TrySetResult();
    }

    private async Task<Request> EndAsync(Child child, Request.Restart? cause)
    {
        var request = await TakeRequestAsync();
        cause?.Refuse($"{_plan.Name} was asked to end before it was ready again");
        var killNow = request is Request.Stop stop ? stop.KillNow : CancellationToken.None;
        request.HadToKill = await child.StopAsync(_policy.StopWithin, killNow);
        Change(Status with { State = ProcessState.Stopped, Pid = null, StartedAt = null });
        return request;
    }

    private async Task<Request?> TooSlowAsync(Child child, Request.Restart? cause)
    {
        var answer = await _readiness.AskAsync(_plan.Url, CancellationToken.None);
        var says = answer is null ? "nobody answers there" : $"it answers {(int)answer}";
        child.Kill();
        await child.Exited;
        return Crashed(new Ending($"wasn't ready within {_policy.ReadyWithin.TotalSeconds:0} s ({_plan.Url}/ready: {says})"), cause);
    }

    private Request.Stop? Crashed(Ending ending, Request.Restart? cause)
    {
        cause?.Refuse($"{_plan.Name} {ending.How}");
        var isFirst = _firstOutcome.TrySetResult(ending);
        var wasReadyFor = _readyAt is { } readyAt ? _time.GetUtcNow() - readyAt : TimeSpan.Zero;
        _crashesInARow = wasReadyFor >= _policy.StableAfter ? 1 : _crashesInARow + 1;
        Change(Status with
        {
            State = isFirst ? ProcessState.Failed : ProcessState.Backoff,
            Pid = null,
            StartedAt = null,
            LastExit = ending.How,
        });
        return isFirst ? new Request.Stop(CancellationToken.None) : null;
    }

    private async Task<Request?> BackOffAsync()
    {
        using var awake = new CancellationTokenSource();
        var delay = Task.Delay(SupervisionPolicy.RestartDelay(_crashesInARow), _time, awake.Token);
        if (await Task.WhenAny(delay, NextRequest) == delay)
        {
            Status = Status with { Restarts = Status.Restarts + 1 };
            return null;
        }

        await awake.CancelAsync();
        return await TakeRequestAsync();
    }

    private async Task<Request> TakeRequestAsync()
    {
        var request = await NextRequest;
        _nextRequest = null;
        return request;
    }

    // A failpoint kills once. Whoever comes back has to recover, not to die at the same point for ever. A file of failpoints ("@FILE")
    // loses a line with each life by itself.
    private ProcessPlan PlanOfThisLife() => !_firstOutcome.Task.IsCompleted || _plan.Environment.GetValueOrDefault("ARGOSY_FAILPOINT") is ['@', ..]
        ? _plan
        : _plan with { Environment = new Dictionary<string, string?>(_plan.Environment, StringComparer.Ordinal) { ["ARGOSY_FAILPOINT"] = null } };

    private async Task<bool> TrySendAsync(Request request)
    {
        try
        {
            await _requests.Writer.WriteAsync(request);
            return true;
        }
        catch (ChannelClosedException)
        {
            return false;
        }
    }

    private void Change(ProcessStatus status)
    {
        Status = status;
        _changed(status);
    }

    /// <param name="How">Continues a sentence that begins with the process's name.</param>
    /// <param name="ExitCode">Where it ended with one.</param>
    internal sealed record Ending(string How, int? ExitCode = null)
    {
        private const int AfterSignal = 128;

        public static Ending By(int exitCode) => new(
            exitCode > AfterSignal ? $"was ended by signal {exitCode - AfterSignal}" : $"ended with exit code {exitCode}", exitCode);
    }

    private abstract class Request
    {
        public bool HadToKill { get; set; }

        public virtual void Refuse(string why)
        {
        }

        public sealed class Stop(CancellationToken killNow) : Request
        {
            public CancellationToken KillNow { get; } = killNow;
        }

        public sealed class Restart : Request
        {
            public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

            public override void Refuse(string why) => Done.TrySetException(new Refusal(why));
        }
    }
}

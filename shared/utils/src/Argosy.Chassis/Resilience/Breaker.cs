using System.Diagnostics.Metrics;
using Argosy.Chassis.Telemetry;
using Microsoft.Extensions.Logging;

namespace Argosy.Chassis.Resilience;

/// <summary>A circuit breaker for one dependency; <see cref="BreakerState"/> has the rules, this the clock and the lock.</summary>
public sealed partial class Breaker
{
    private static readonly Counter<long> Transitions = ArgosySources.Meter.CreateCounter<long>(
        "argosy.breaker.transitions", "{transition}", "Changes of phase of circuit breakers.");

    private readonly Lock _gate = new();
    private readonly BreakerOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly long _start;
    private BreakerState _state = BreakerState.Initial;

    internal Breaker(string name, BreakerOptions options, TimeProvider time, ILogger log)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Failures, 1);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(options.OpenFor, TimeSpan.Zero);
        Name = name;
        _options = options;
        _time = time;
        _log = log;
        _start = time.GetTimestamp();
    }

    /// <summary>The dependency.</summary>
    public string Name { get; }

    private TimeSpan Now => _time.GetElapsedTime(_start);

    /// <summary>Asks to make a call. Whoever passes disposes the pass, and reports before how the call ended.</summary>
    /// <exception cref="BreakerOpenException">Not now; it says when to come back.</exception>
    public BreakerPass Enter()
    {
        bool passes;
        BreakerState before, after;
        TimeSpan wait;
        lock (_gate)
        {
            var now = Now;
            before = _state;
            (_state, passes) = before.Enter(now);
            after = _state;
            wait = after.OpenUntil - now;
        }

        Note(before, after);
        return passes ? new BreakerPass(this, after.Term) : throw new BreakerOpenException(Name, wait);
    }

    /// <summary>How it stands now, for operators.</summary>
    public BreakerView View()
    {
        lock (_gate)
        {
            var left = _state.OpenUntil - Now;
            return new BreakerView(Name, _state.Phase, _state.Failures,
                _state.Phase == BreakerPhase.Open && left > TimeSpan.Zero ? _time.GetUtcNow() + left : null);
        }
    }

    internal void Report(CallOutcome outcome, long term)
    {
        BreakerState before, after;
        lock (_gate)
        {
            before = _state;
            after = _state = before.Report(outcome, term, Now, _options);
        }

        Note(before, after);
    }

    private void Note(BreakerState before, BreakerState after)
    {
        if (before.Phase == after.Phase)
        {
            return;
        }

        Transitions.Add(1, new("argosy.breaker.name", Name), new KeyValuePair<string, object?>("argosy.breaker.phase", after.Phase.ToString()));
        if (after.Phase == BreakerPhase.Open)
        {
            LogOpened(Name, after.Failures);
        }
        else
        {
            LogMoved(Name, after.Phase);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Breaker {Breaker} opened after {Failures} failures in a row")]
    private partial void LogOpened(string breaker, int failures);

    [LoggerMessage(Level = LogLevel.Information, Message = "Breaker {Breaker} is {Phase}")]
    private partial void LogMoved(string breaker, BreakerPhase phase);
}

/// <summary>The right to make one call. Disposed without a report, the call counts as abandoned.</summary>
public sealed class BreakerPass : IDisposable
{
    private readonly Breaker _breaker;
    private readonly long _term;
    private bool _reported;

    internal BreakerPass(Breaker breaker, long term)
    {
        _breaker = breaker;
        _term = term;
    }

    /// <summary>Says how the call ended; the first report counts.</summary>
    public void Report(CallOutcome outcome)
    {
        if (!_reported)
        {
            _reported = true;
            _breaker.Report(outcome, _term);
        }
    }

    /// <inheritdoc />
    public void Dispose() => Report(CallOutcome.Abandoned);
}

/// <summary>A breaker as operators see it.</summary>
/// <param name="Name">The dependency.</param>
/// <param name="State">Where it stands.</param>
/// <param name="Failures">Failures in a row.</param>
/// <param name="OpenUntil">When the next probe may go, while open.</param>
public sealed record BreakerView(string Name, BreakerPhase State, int Failures, DateTimeOffset? OpenUntil);

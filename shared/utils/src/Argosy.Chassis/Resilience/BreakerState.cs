namespace Argosy.Chassis.Resilience;

/// <summary>Where a breaker stands.</summary>
public enum BreakerPhase
{
    /// <summary>Calls go through.</summary>
    Closed,

    /// <summary>Calls are refused until the time is up.</summary>
    Open,

    /// <summary>One call, the probe, is on its way; the others are refused until its outcome is known.</summary>
    HalfOpen,
}

/// <summary>How a call ended, as far as the breaker is concerned.</summary>
public enum CallOutcome
{
    /// <summary>The other side did its job, be it with a 404.</summary>
    Succeeded,

    /// <summary>The other side is away, too slow or broken.</summary>
    Failed,

    /// <summary>Our side gave up first; it says nothing about the other side.</summary>
    Abandoned,
}

/// <summary>
/// The breaker's rules, without clock or lock: (state, input, now) → state. It opens after so many failures in a row, stays open
/// for a fixed time, and then lets one probe decide.
/// </summary>
/// <param name="Phase">Where it stands.</param>
/// <param name="Failures">Failures in a row.</param>
/// <param name="OpenUntil">When open: the first moment of the probe. Any monotonic time.</param>
/// <param name="Term">Rises with each change of phase. A call reports with the term it entered in, and a report from an earlier
/// term is late news: twenty calls that were under way when the breaker opened neither keep it open nor close it.</param>
internal readonly record struct BreakerState(BreakerPhase Phase, int Failures, TimeSpan OpenUntil, long Term)
{
    public static BreakerState Initial => default;

    /// <summary>A call asks to pass.</summary>
    public (BreakerState Next, bool Passes) Enter(TimeSpan now) => Phase switch
    {
        BreakerPhase.Closed => (this, true),
        BreakerPhase.Open when now >= OpenUntil => (this with { Phase = BreakerPhase.HalfOpen, Term = Term + 1 }, true),
        _ => (this, false),
    };

    /// <summary>A call that passed in <paramref name="term"/> ended.</summary>
    public BreakerState Report(CallOutcome outcome, long term, TimeSpan now, BreakerOptions options)
    {
        if (term != Term)
        {
            return this;
        }

        return (Phase, outcome) switch
        {
            (BreakerPhase.Closed, CallOutcome.Succeeded) => this with { Failures = 0 },
            (BreakerPhase.Closed, CallOutcome.Failed) when Failures + 1 < options.Failures => this with { Failures = Failures + 1 },
            (BreakerPhase.HalfOpen, CallOutcome.Succeeded) => new(BreakerPhase.Closed, 0, default, Term + 1),
            (BreakerPhase.Closed or BreakerPhase.HalfOpen, CallOutcome.Failed) =>
                new(BreakerPhase.Open, Failures + 1, now + options.OpenFor, Term + 1),

            // An abandoned probe proved nothing: the next call is the probe.
            (BreakerPhase.HalfOpen, CallOutcome.Abandoned) => new(BreakerPhase.Open, Failures, now, Term + 1),
            _ => this,
        };
    }
}

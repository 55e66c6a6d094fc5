namespace Argosy.Simulation;

/// <summary>
/// The clock of one life of a process: monotonic as the world's, and a wall clock that may be an hour off and may jump, which its
/// timers don't notice.
/// </summary>
internal sealed class SimulatedTime(Life life, Turns turns, Func<TimeSpan> skew) : TimeProvider
{
    /// <summary>When every story begins.</summary>
    public static readonly DateTimeOffset Beginning = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => Beginning + turns.Now + skew();

    public override long GetTimestamp() => turns.Now.Ticks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new SimulatedTimer(life, turns, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }
}

/// <summary>A timer of a process.</summary>
internal sealed class SimulatedTimer(Life life, Turns turns, TimerCallback callback, object? state) : ITimer
{
    private TimeSpan _period = Timeout.InfiniteTimeSpan;
    private long _due = long.MaxValue;

    public Life Life => life;

    public bool RingsAt(long due) => life.IsAlive && _due == due;

    public bool Change(TimeSpan dueTime, TimeSpan period)
    {
        _period = period;
        if (dueTime == Timeout.InfiniteTimeSpan)
        {
            _due = long.MaxValue;
            return true;
        }

        _due = (turns.Now + dueTime).Ticks;
        turns.Arm(this, dueTime);
        return true;
    }

    public void Ring()
    {
        if (_due == long.MaxValue)
        {
            return;     // it was stopped after it was due and before it was its turn
        }

        _due = long.MaxValue;
        if (_period > TimeSpan.Zero)
        {
            Change(_period, _period);
        }

        callback(state);
    }

    public void Dispose() => _due = long.MaxValue;

    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }
}

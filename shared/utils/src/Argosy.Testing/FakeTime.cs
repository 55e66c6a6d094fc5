namespace Argosy.Testing;

/// <summary>A clock that stands still until told otherwise. Timers fire inside <see cref="Advance"/>, in the order of their due times.</summary>
public sealed class FakeTime : TimeProvider
{
    private readonly Lock gate = new();
    private readonly List<Timer> timers = [];
    private DateTimeOffset now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private long ticks;

    /// <summary>How many timers wait: what a test polls to know that the code under test has gone to sleep.</summary>
    public int Waiting
    {
        get
        {
            lock (gate)
            {
                return timers.Count;
            }
        }
    }

    /// <inheritdoc />
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <inheritdoc />
    public override DateTimeOffset GetUtcNow()
    {
        lock (gate)
        {
            return now;
        }
    }

    /// <inheritdoc />
    public override long GetTimestamp()
    {
        lock (gate)
        {
            return ticks;
        }
    }

    /// <summary>Lets time pass.</summary>
    public void Advance(TimeSpan by)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(by, TimeSpan.Zero);
        var end = GetTimestamp() + by.Ticks;
        while (NextDue(end) is { } timer)
        {
            timer.Fire();
        }

        lock (gate)
        {
            Move(end);
        }
    }

    /// <summary>Sets the wall clock as an administrator would: the monotonic clock and the timers don't notice.</summary>
    public void Jump(TimeSpan by)
    {
        lock (gate)
        {
            now += by;
        }
    }

    /// <inheritdoc />
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(this, () => callback(state));
        timer.Change(dueTime, period);
        return timer;
    }

    private Timer? NextDue(long end)
    {
        lock (gate)
        {
            var next = timers.Where(t => t.Due <= end).MinBy(t => t.Due);
            if (next is not null)
            {
                Move(Math.Max(ticks, next.Due));
                next.Rearm();
            }

            return next;
        }
    }

    private void Move(long to)
    {
        now += TimeSpan.FromTicks(to - ticks);
        ticks = to;
    }

    private sealed class Timer(FakeTime time, Action callback) : ITimer
    {
        private TimeSpan repeat = Timeout.InfiniteTimeSpan;

        public long Due { get; private set; }

        public void Fire() => callback();

        public void Rearm()
        {
            if (repeat > TimeSpan.Zero)
            {
                Due += repeat.Ticks;
            }
            else
            {
                time.timers.Remove(this);
            }
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (time.gate)
            {
                time.timers.Remove(this);
                repeat = period;
                if (dueTime != Timeout.InfiniteTimeSpan)
                {
                    Due = time.ticks + dueTime.Ticks;
                    time.timers.Add(this);
                }

                return true;
            }
        }

        public void Dispose()
        {
            lock (time.gate)
            {
                time.timers.Remove(this);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}

namespace Argosy.Simulation;

/// <summary>
/// The kernel: one thread, one clock, one seed. Everything that could run now waits in one list, and the seed says what is next;
/// everything that waits for a time waits in two queues, the processes' timers and the world's events. Nothing else runs anything.
/// </summary>
internal sealed class Turns(int seed, Trace trace)
{
    // A turn takes a moment, so that no clock stands still while something goes on.
    private static readonly TimeSpan Moment = TimeSpan.FromMicroseconds(20);

    private readonly List<Turn> _ready = [];
    private readonly PriorityQueue<SimulatedTimer, (long Due, long Order)> _timers = new();
    private readonly PriorityQueue<(string What, Action Happen), (long Due, long Order)> _events = new();
    private long _order;

    /// <summary>The only chance there is.</summary>
    public Random Chance { get; } = new(seed);

    /// <summary>Where the story is told.</summary>
    public Trace Trace { get; } = trace;

    /// <summary>Since the story began.</summary>
    public TimeSpan Now { get; private set; }

    /// <summary>How many turns were taken.</summary>
    public int Taken { get; private set; }

    /// <summary>When the next event of the world comes, or null.</summary>
    public TimeSpan? NextEvent => _events.TryPeek(out _, out var at) ? TimeSpan.FromTicks(at.Due) : null;

    /// <summary>Puts work of a process among what could run now; a dead process runs nothing.</summary>
    public void Ready(Life life, SendOrPostCallback work, object? state) => _ready.Add(new Turn(life, work, state));

    /// <summary>Something of the world, which belongs to no process: a packet arrives, somebody comes back.</summary>
    public void In(TimeSpan delay, string what, Action happen) => _events.Enqueue((what, happen), ((Now + delay).Ticks, _order++));

    public void Arm(SimulatedTimer timer, TimeSpan due) => _timers.Enqueue(timer, ((Now + due).Ticks, _order++));

    /// <summary>Takes one turn; false where nothing can run before time passes.</summary>
    public bool TakeOne()
    {
        CallDue();
        if (_ready.Count == 0)
        {
            return false;
        }

        var which = Chance.Next(_ready.Count);
        var turn = _ready[which];
        _ready[which] = _ready[^1];
        _ready.RemoveAt(_ready.Count - 1);
        Taken++;
        Now += Moment;
        if (turn.Life.IsAlive)
        {
            turn.Life.Run(turn.Work, turn.State);
        }

        return true;
    }

    /// <summary>Lets time pass until then, or until the next timer rings where that is null; false where there is nothing to wait for.</summary>
    public bool Wait(TimeSpan? until)
    {
        if (until is null && !NextRings(out until))
        {
            return false;
        }

        if (until > Now)
        {
            Now = until.Value;
        }

        return true;
    }

    private bool NextRings(out TimeSpan? at)
    {
        DropDead();
        var timer = _timers.TryPeek(out _, out var rings) ? rings.Due : long.MaxValue;
        var next = Math.Min(timer, NextEvent?.Ticks ?? long.MaxValue);
        at = next == long.MaxValue ? null : TimeSpan.FromTicks(next);
        return at is not null;
    }

    private void CallDue()
    {
        while (_events.TryPeek(out var happening, out var at) && at.Due <= Now.Ticks)
        {
            _events.Dequeue();
            Taken++;
            Trace.Say(this, "world", happening.What);
            happening.Happen();
        }

        while (DropDead() && _timers.TryPeek(out var timer, out var at) && at.Due <= Now.Ticks)
        {
            _timers.Dequeue();
            Ready(timer.Life, static timer => ((SimulatedTimer)timer!).Ring(), timer);
        }
    }

    // Timers that were stopped, set anew, or whose process is gone. Always true.
    private bool DropDead()
    {
        while (_timers.TryPeek(out var timer, out var at) && !timer.RingsAt(at.Due))
        {
            _timers.Dequeue();
        }

        return true;
    }

    private readonly record struct Turn(Life Life, SendOrPostCallback Work, object? State);
}

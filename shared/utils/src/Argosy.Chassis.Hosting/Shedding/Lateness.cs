namespace Argosy.Chassis.Hosting.Shedding;

/// <summary>
/// How late this process begins what it is asked for: the age of a work item that was put at the end of the thread pool's queue. Requests
/// make it look, at most every <see cref="Every"/>, so that it costs nothing where nobody asks. For the gateway, which has no work of its
/// own to wait for but the processor's.
/// </summary>
public sealed class Lateness : IThreadPoolWorkItem
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(50);

    // What was seen longer ago says nothing about now.
    private static readonly TimeSpan Fresh = TimeSpan.FromMilliseconds(500);

    private readonly TimeProvider _time;
    private readonly Action<IThreadPoolWorkItem> _queue;
    private long _asked;        // when the item that waits was queued; 0 where none does
    private long _seen;
    private long _calm;         // when nobody would have been late
    private long _age;

    /// <summary>Of this process's thread pool.</summary>
    public Lateness(TimeProvider time)
        : this(time, static item => ThreadPool.UnsafeQueueUserWorkItem(item, preferLocal: false))
    {
    }

    internal Lateness(TimeProvider time, Action<IThreadPoolWorkItem> queue)
    {
        _time = time;
        _queue = queue;
        _seen = _calm = time.GetTimestamp();
    }

    /// <summary>The refusal of a request whose turn comes too late; null for all others.</summary>
    public Problem? Refuse(Priority priority)
    {
        var now = _time.GetTimestamp();
        var asked = Volatile.Read(ref _asked);
        if (asked == 0)
        {
            LookAgain(now);
        }

        return Age(asked, now) >= Patience.Standing(priority) && _time.GetElapsedTime(Volatile.Read(ref _calm), now) >= Patience.Interval
            ? Shed.Refuse(priority, "late") : null;
    }

    void IThreadPoolWorkItem.Execute()
    {
        var now = _time.GetTimestamp();
        var age = _time.GetElapsedTime(Volatile.Read(ref _asked), now);
        if (age < Patience.Shortest)
        {
            Volatile.Write(ref _calm, now);
        }

        Volatile.Write(ref _age, age.Ticks);
        Volatile.Write(ref _seen, now);
        Volatile.Write(ref _asked, 0);
    }

    private void LookAgain(long now)
    {
        var pause = _time.GetElapsedTime(Volatile.Read(ref _seen), now);
        if (pause < Every || Interlocked.CompareExchange(ref _asked, now, 0) != 0)
        {
            return;
        }

        if (pause >= Fresh)
        {
            Volatile.Write(ref _calm, now);
        }

        _queue(this);
    }

    // One that still waits is at least as old as it is now.
    private TimeSpan Age(long asked, long now)
    {
        var last = _time.GetElapsedTime(Volatile.Read(ref _seen), now) < Fresh ? TimeSpan.FromTicks(Volatile.Read(ref _age)) : TimeSpan.Zero;
        var waits = asked == 0 ? TimeSpan.Zero : _time.GetElapsedTime(asked, now);
        return waits > last ? waits : last;
    }
}

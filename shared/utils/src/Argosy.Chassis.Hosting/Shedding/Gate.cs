namespace Argosy.Chassis.Hosting.Shedding;

/// <summary>
/// So many requests are worked on at a time; the others wait here, where their age can be seen, and not in the thread pool, at a connection
/// pool or at the disk, where it cannot. The protocol:
/// <list type="number">
/// <item>A place is free and nobody waits: in. This is all that happens while there is no overload.</item>
/// <item>The queue is full: whoever has waited longest in the lowest class makes room for a higher one, or the newcomer is refused.</item>
/// <item>A place that becomes free goes to the highest class, there to whoever came first.</item>
/// <item>Who has waited longer than <see cref="Patience"/> is refused, looked at whenever anybody comes or goes and by a timer while anybody
/// waits: work that hangs frees no place.</item>
/// </list>
/// </summary>
internal sealed class Gate : IDisposable
{
    /// <summary>More than any burst of ours needs at once, and than all places at the password hashing with those who wait for one.</summary>
    public const int Places = 128;

    /// <summary>Requests that wait at most.</summary>
    public const int MostWaiting = 512;

    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(50);

    private readonly Lock _lock = new();
    private readonly Queue<Waiter>[] _queues = [.. Enum.GetValues<Priority>().Select(_ => new Queue<Waiter>())];
    private readonly TimeProvider _time;
    private readonly int _places;
    private readonly int _mostWaiting;
    private readonly ITimer _timer;
    private int _inWork;
    private int _waiting;
    private long _standsSince;

    public Gate(TimeProvider time, int places = Places, int mostWaiting = MostWaiting)
    {
        _time = time;
        _places = places;
        _mostWaiting = mostWaiting;
        _timer = time.CreateTimer(static gate => ((Gate)gate!).Tick(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>True once there is a place, which <see cref="Leave"/> gives back; false for who is refused.</summary>
    public ValueTask<bool> EnterAsync(Priority priority, CancellationToken gone)
    {
        Waiter waiter;
        lock (_lock)
        {
            if (_waiting == 0 && _inWork < _places)
            {
                _inWork++;
                return ValueTask.FromResult(true);
            }

            Refuse();
            if (_waiting == _mostWaiting && !MakeRoom(priority))
            {
                return ValueTask.FromResult(false);
            }

            waiter = new Waiter(_time.GetTimestamp());
            _queues[(int)priority].Enqueue(waiter);
            if (_waiting++ == 0)
            {
                _standsSince = waiter.Since;
                _timer.Change(Look, Look);
            }
        }

        return waiter.Until(gone);
    }

    /// <summary>The work is done.</summary>
    public void Leave()
    {
        lock (_lock)
        {
            Refuse();
            for (var priority = _queues.Length - 1; priority >= 0 && _waiting > 0; priority--)
            {
                while (_queues[priority].Count > 0)
                {
                    if (Take(_queues[priority]).TryEnd(entered: true))
                    {
                        return;     // the place has gone on to the next one
                    }
                }
            }

            _inWork--;
        }
    }

    public void Dispose() => _timer.Dispose();

    private void Tick()
    {
        lock (_lock)
        {
            Refuse();
        }
    }

    // In each queue the first is the oldest.
    private void Refuse()
    {
        if (_waiting == 0)
        {
            return;
        }

        var now = _time.GetTimestamp();
        var stands = _time.GetElapsedTime(_standsSince, now) >= Patience.Interval;
        for (var priority = 0; priority < _queues.Length; priority++)
        {
            var patience = Patience.Of((Priority)priority, stands);
            while (_queues[priority].TryPeek(out var oldest) && _time.GetElapsedTime(oldest.Since, now) >= patience)
            {
                Take(_queues[priority]).TryEnd(entered: false);
            }
        }
    }

    private bool MakeRoom(Priority priority)
    {
        for (var lower = 0; lower < (int)priority; lower++)
        {
            if (_queues[lower].Count > 0)
            {
                Take(_queues[lower]).TryEnd(entered: false);
                return true;
            }
        }

        return false;
    }

    private Waiter Take(Queue<Waiter> queue)
    {
        if (--_waiting == 0)
        {
            _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }

        return queue.Dequeue();
    }

    // Who has left by itself keeps its place in the queue until it is looked at: it has ended already, and gets no other.
    private sealed class Waiter(long since) : TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        private CancellationTokenRegistration _gone;

        public long Since => since;

        public ValueTask<bool> Until(CancellationToken gone)
        {
            _gone = gone.UnsafeRegister(static (waiter, token) => ((Waiter)waiter!).TrySetCanceled(token), this);
            return new ValueTask<bool>(Task);
        }

        public bool TryEnd(bool entered)
        {
            _gone.Unregister();
            return TrySetResult(entered);
        }
    }
}

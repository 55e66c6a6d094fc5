namespace Argosy.Chassis.Store;

/// <summary>
/// A wake-up that cannot be lost: the waiter notes <see cref="Version"/> before it looks for work, and a later
/// <see cref="Set"/> ends its wait however the two interleave. Any number may wait.
/// </summary>
public sealed class Signal
{
    private readonly Lock _gate = new();
    private readonly List<TaskCompletionSource> _waiting = [];
    private long _version;

    /// <summary>How often <see cref="Set"/> was called.</summary>
    public long Version => Volatile.Read(ref _version);

    /// <summary>Wakes everybody who waits.</summary>
    public void Set()
    {
        TaskCompletionSource[] waiting;
        lock (_gate)
        {
            _version++;
            waiting = [.. _waiting];
            _waiting.Clear();
        }

        foreach (var waiter in waiting)
        {
            waiter.TrySetResult();
        }
    }

    /// <summary>Waits until the signal was set after <paramref name="seen"/> was read, at most <paramref name="atMost"/>.</summary>
    public async Task WaitAsync(long seen, TimeSpan atMost, TimeProvider time, CancellationToken cancellation)
    {
        // A completion of its own for each wait, ended by whatever comes first: idle services wait all day, and a time-out
        // that is an exception would cost them several of those a second.
        var waiter = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            if (_version != seen)
            {
                return;
            }

            _waiting.Add(waiter);
        }

        // The poll that runs regardless: a lost wake-up costs one interval, never an hour.
        using var poll = time.CreateTimer(static waiter => ((TaskCompletionSource)waiter!).TrySetResult(), waiter, atMost, Timeout.InfiniteTimeSpan);
        using var stop = cancellation.UnsafeRegister(static (waiter, token) => ((TaskCompletionSource)waiter!).TrySetCanceled(token), waiter);
        try
        {
            await waiter.Task;
        }
        finally
        {
            lock (_gate)
            {
                _waiting.Remove(waiter);
            }
        }
    }
}

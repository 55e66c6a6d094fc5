namespace Argosy.Chassis.Store;

/// <summary>
/// A wake-up that cannot be lost: the waiter notes <see cref="Version"/> before it looks for work, and a later
/// <see cref="Set"/> ends its wait however the two interleave. Any number may wait.
/// </summary>
public sealed class Signal
{
    private readonly Lock _gate = new();
    private TaskCompletionSource _next = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _version;

    /// <summary>How often <see cref="Set"/> was called.</summary>
    public long Version => Volatile.Read(ref _version);

    /// <summary>Wakes everybody who waits.</summary>
    public void Set()
    {
        TaskCompletionSource waiting;
        lock (_gate)
        {
            _version++;
            waiting = _next;
            _next = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        waiting.TrySetResult();
    }

    /// <summary>Waits until the signal was set after <paramref name="seen"/> was read, at most <paramref name="atMost"/>.</summary>
    public async Task WaitAsync(long seen, TimeSpan atMost, TimeProvider time, CancellationToken cancellation)
    {
        Task waiting;
        lock (_gate)
        {
            if (_version != seen)
            {
                return;
            }

            waiting = _next.Task;
        }

        try
        {
            await waiting.WaitAsync(atMost, time, cancellation);
        }
        catch (TimeoutException)
        {
            // The poll that runs regardless: a lost wake-up costs one interval, never an hour.
        }
    }
}

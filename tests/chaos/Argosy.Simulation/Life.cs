namespace Argosy.Simulation;

/// <summary>
/// One life of a process. Whatever it awaits comes back through here; once it is killed nothing does: its lanes, batches, timers and
/// wake-ups are gone in that instant, between any two turns, as after SIGKILL. What it has committed and sent remains.
/// </summary>
internal sealed class Life(string name, int number, Turns turns) : SynchronizationContext
{
    public string Name => name;

    /// <summary>Which life of its service this is.</summary>
    public int Number => number;

    public bool IsAlive { get; private set; } = true;

    public void Kill() => IsAlive = false;

    public override void Post(SendOrPostCallback d, object? state)
    {
        if (IsAlive)
        {
            turns.Ready(this, d, state);
        }
    }

    public override void Send(SendOrPostCallback d, object? state) => throw new NotSupportedException("Nobody waits for another here.");

    public override SynchronizationContext CreateCopy() => this;

    /// <summary>Runs one turn of it on this thread.</summary>
    public void Run(SendOrPostCallback work, object? state)
    {
        var before = Current;
        SetSynchronizationContext(this);
        try
        {
            work(state);
        }
        finally
        {
            SetSynchronizationContext(before);
        }
    }

    /// <summary>Begins something in this process; how it ends is told to the world, unless the process dies first.</summary>
    public void Begin(Func<Task> work, Action<Exception?> ended) => Post(
        _ =>
        {
            _ = WatchAsync(work, ended);
        }, null);

    private static async Task WatchAsync(Func<Task> work, Action<Exception?> ended)
    {
        Exception? error = null;
        try
        {
            await work();
        }
        catch (Exception e)
        {
            error = e;
        }

        ended(error);
    }
}

namespace Argosy.Chassis.Sqlite;

/// <summary>
/// A lease on the commit pipeline: while it lasts nothing is committed, and whoever wants to waits. It ends by being released, or by
/// itself when its time is up: a holder that died holds up nobody for longer.
/// </summary>
internal sealed class WriterHold(TimeSpan lease) : IDisposable
{
    private const int Held = 0, Released = 1, Expired = 2;

    private readonly ManualResetEventSlim _ended = new();
    private readonly TaskCompletionSource _taken = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _left = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _state;

    /// <summary>Ends when the pipeline stands still: all that was taken before is committed.</summary>
    public Task Taken => _taken.Task;

    /// <summary>Ends when the pipeline has gone on.</summary>
    public Task Left => _left.Task;

    /// <summary>The pipeline goes on. True where it has stood still until now; false where the time was up before.</summary>
    public bool Release()
    {
        var was = Interlocked.CompareExchange(ref _state, Released, Held);
        _ended.Set();
        return was == Held;
    }

    /// <summary>On the writer's thread: stands still until the hold has ended.</summary>
    public void Occupy()
    {
        _taken.SetResult();
        if (!_ended.Wait(lease))
        {
            Interlocked.CompareExchange(ref _state, Expired, Held);
        }

        _left.SetResult();
    }

    public void Dispose() => _ended.Dispose();
}

using System.Threading.Channels;

namespace Argosy.Chassis.Messaging;

/// <summary>
/// Runs work in order per key and in parallel across keys: a key hashes to a lane, a lane does one thing at a time and waits for
/// its end, so a handler reads what the message before it wrote.
/// </summary>
internal sealed class Lanes : IAsyncDisposable
{
    private readonly Channel<Job>[] _lanes;
    private readonly Task[] _runners;

    /// <param name="count">How many run side by side.</param>
    /// <param name="depth">How many may wait in a lane; whoever comes later waits outside.</param>
    public Lanes(int count = 64, int depth = 256)
    {
        _lanes = new Channel<Job>[count];
        _runners = new Task[count];
        for (var i = 0; i < count; i++)
        {
            var lane = _lanes[i] = Channel.CreateBounded<Job>(new BoundedChannelOptions(depth) { SingleReader = true });
            _runners[i] = RunAsync(lane.Reader);
        }
    }

    /// <summary>Queues the work behind everything of its key that came before, and returns when it is done or has failed.</summary>
    public async Task RunAsync(string key, Func<CancellationToken, Task> work, CancellationToken cancellation)
    {
        var job = new Job(work, cancellation);
        await _lanes[LaneOf(key)].Writer.WriteAsync(job, cancellation);
        await job.Done.Task;
    }

    /// <summary>Takes no more work and waits for what is queued.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var lane in _lanes)
        {
            lane.Writer.TryComplete();
        }

        await Task.WhenAll(_runners);
    }

    private static async Task RunAsync(ChannelReader<Job> jobs)
    {
        // Not ReadAllAsync, which leaves the caller's context: a simulation keeps all of it on one thread.
        while (await jobs.WaitToReadAsync())
        {
            while (jobs.TryRead(out var job))
            {
                await RunAsync(job);
            }
        }
    }

    private static async Task RunAsync(Job job)
    {
        try
        {
            job.Cancellation.ThrowIfCancellationRequested();
            await job.Work(job.Cancellation);
            job.Done.SetResult();
        }
        catch (OperationCanceledException)
        {
            job.Done.SetCanceled(job.Cancellation);
        }
        catch (Exception e)
        {
            job.Done.SetException(e);
        }
    }

    private int LaneOf(string key) => (int)(Fnv1a.Of(key) % (uint)_lanes.Length);

    private sealed record Job(Func<CancellationToken, Task> Work, CancellationToken Cancellation)
    {
        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}

using Argosy.Chassis.Store;

namespace Argosy.Simulation;

/// <summary>A seed whose story broke a law.</summary>
internal sealed record Broken(int Seed, string How);

/// <summary>How many stories went.</summary>
/// <param name="Turns">All steps of all of them.</param>
/// <param name="Broken">The lowest seed that failed, or null.</param>
internal sealed record Campaign(long Turns, Broken? Broken)
{
    /// <summary>Tells stories until one fails. Each is told on one thread; as many are told side by side as there are cores.</summary>
    public static async Task<Campaign> RunAsync(int first, int count, Func<string, IStore, IStore>? sabotage = null)
    {
        var (next, turns) = (first - 1, 0L);
        Broken? broken = null;
        var gate = new Lock();
        await Task.WhenAll(Enumerable.Range(0, Environment.ProcessorCount).Select(_ => Task.Factory.StartNew(() => TellAsync().GetAwaiter().GetResult(), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
        return new Campaign(turns, broken);

        // Nothing here ever really waits, so all of it stays on the thread that began it.
        async Task TellAsync()
        {
            await using var fleet = await Fleet.MakeAsync();
            for (int seed; (seed = Interlocked.Increment(ref next)) < first + count && broken is null;)
            {
                try
                {
                    Interlocked.Add(ref turns, await World.TellAsync(seed, fleet, Trace.Off, sabotage));
                }
                catch (LawBrokenException e)
                {
                    lock (gate)
                    {
                        broken = broken is null || seed < broken.Seed ? new Broken(seed, e.Message) : broken;
                    }
                }
            }
        }
    }
}

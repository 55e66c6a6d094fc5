using Argosy.Chassis.Messaging;
using Argosy.Chassis.Store;

namespace Argosy.Performance;

/// <summary>The event store's smallest write sets, a new stream with its first events, from many callers at once.</summary>
internal static class Appends
{
    /// <summary>What is in an event, and in the peers' rows.</summary>
    public const string Data = """{"amount":1}""";

    private static int _runs;

    /// <summary>Events per second.</summary>
    public static async Task<double> MeasureAsync(IStore store, int callers, int events, TimeSpan duration, CancellationToken cancellation)
    {
        var run = Interlocked.Increment(ref _runs);     // a store may be measured again and again
        var load = await Load.AtMostAsync(callers, duration, async (number, stop) =>
        {
            var id = $"bench-{run}-{number}";
            var work = new WriteSet(new MessageContext($"bench/{run}/{number}", "bench", new MessageHeaders()), TimeProvider.System.GetUtcNow());
            work.Execute("insert into es_stream (id, type, version) values (@id, 'bench', @version)", new { id, version = (long)events }, rows: 1);
            for (var version = 1L; version <= events; version++)
            {
                work.Execute(
                    "insert into es_event (stream, version, id, type, schema_version, data, meta, at) values (@stream, @version, @id, 'bench', 1, @data, '{}', 0)",
                    new { stream = id, version, id, data = Data }, rows: 1);
            }

            (await store.CommitAsync(work, stop)).Ensure();
        }, cancellation);
        return load.PerSecond * events;
    }
}

using System.Collections.Concurrent;
using Argosy.Chassis.EventStore;
using Argosy.Chassis.Store;
using Microsoft.Extensions.Hosting;

namespace Argosy.Orders;

/// <summary>
/// Tells waiting streams that something happened to their order. It follows the event store, so it hears of every commit,
/// whichever instance made it; while nobody watches it reads nothing.
/// </summary>
internal sealed class OrderFeed(IStore store, TimeProvider time) : BackgroundService
{
    private const int Batch = 500;
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(250);
    private readonly ConcurrentDictionary<string, Watch> watched = new(StringComparer.Ordinal);
    private readonly Signal somebody = new();

    /// <summary>Watches one order until disposed.</summary>
    public Watch Subscribe(string orderId)
    {
        var watch = watched.AddOrUpdate($"order-{orderId}", stream => new Watch(this, stream), (_, existing) => existing.Join());
        somebody.Set();
        return watch;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            var waiting = somebody.Version;
            if (watched.IsEmpty)
            {
                await somebody.WaitAsync(waiting, TimeSpan.FromMinutes(1), time, stoppingToken);
                continue;
            }

            await FollowAsync(stoppingToken);
        }
    }

    private async Task FollowAsync(CancellationToken cancellation)
    {
        // From the end of the store on; who began to watch before this moment looks at the order once more.
        var position = await store.FirstOrDefaultAsync<long?>("select max(position) from es_event", null, cancellation) ?? 0;
        foreach (var watch in watched.Values)
        {
            watch.Changed.Set();
        }

        while (!watched.IsEmpty)
        {
            var seen = store.Published.Version;
            var events = await store.ReadAllAsync(position, Batch, cancellation);
            foreach (var happened in events)
            {
                position = happened.Position;
                if (watched.TryGetValue(happened.Stream, out var watch))
                {
                    watch.Changed.Set();
                }
            }

            if (events.Count < Batch)
            {
                await store.Published.WaitAsync(seen, Poll, time, cancellation);
            }
        }
    }

    internal sealed class Watch(OrderFeed feed, string stream) : IDisposable
    {
        private int watchers = 1;

        /// <summary>Fires when the order may have changed.</summary>
        public Signal Changed { get; } = new();

        public Watch Join()
        {
            Interlocked.Increment(ref watchers);
            return this;
        }

        public void Dispose()
        {
            if (Interlocked.Decrement(ref watchers) == 0)
            {
                feed.watched.TryRemove(KeyValuePair.Create(stream, this));
            }
        }
    }
}

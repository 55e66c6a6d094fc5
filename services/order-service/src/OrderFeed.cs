using Argosy.Chassis.EventStore;
using Argosy.Chassis.Store;
using Microsoft.Extensions.Hosting;

namespace Argosy.Orders;

/// <summary>
/// Tells waiting streams that something happened to their order. It follows the event store, so it hears of every commit,
/// whichever instance made it; while nobody watches it reads nothing.
/// </summary>
internal sealed partial class OrderFeed(IStore store, TimeProvider time, ILogger<OrderFeed> log) : BackgroundService
{
    private const int Batch = 500;
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(250);
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Watch> _watched = new(StringComparer.Ordinal);
    private readonly Signal _somebody = new();

    /// <summary>Watches one order until disposed; any number may.</summary>
    public Watch Subscribe(string orderId)
    {
        Watch? watch;
        lock (_gate)
        {
            var stream = $"order-{orderId}";
            if (!_watched.TryGetValue(stream, out watch))
            {
                _watched.Add(stream, watch = new Watch(this, stream));
            }

            watch.Watchers++;
        }

        _somebody.Set();
        return watch;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            var waiting = _somebody.Version;
            try
            {
                await FollowAsync(stoppingToken);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                // The streams look for themselves every heartbeat; the feed only makes them prompt.
                LogFailed(log, e);
                await Task.Delay(Poll, time, stoppingToken);
                continue;
            }

            await _somebody.WaitAsync(waiting, TimeSpan.FromMinutes(1), time, stoppingToken);
        }
    }

    // Follows as long as anybody watches.
    private async Task FollowAsync(CancellationToken cancellation)
    {
        // From the end of the store on; who began to watch before this moment looks at the order once more.
        var position = await store.FirstOrDefaultAsync<long?>("select max(position) from es_event", null, cancellation) ?? 0;
        Changed(null);
        while (IsWatched())
        {
            var seen = store.Published.Version;
            var events = await store.ReadAllAsync(position, Batch, cancellation);
            foreach (var happened in events)
            {
                position = happened.Position;
                Changed(happened.Stream);
            }

            if (events.Count < Batch)
            {
                await store.Published.WaitAsync(seen, Poll, time, cancellation);
            }
        }
    }

    private bool IsWatched()
    {
        lock (_gate)
        {
            return _watched.Count > 0;
        }
    }

    // Null: whoever watches anything.
    private void Changed(string? stream)
    {
        lock (_gate)
        {
            foreach (var watch in stream is null ? _watched.Values.ToArray() : _watched.TryGetValue(stream, out var one) ? [one] : [])
            {
                watch.Changed.Set();
            }
        }
    }

    private void Leave(Watch watch)
    {
        lock (_gate)
        {
            if (--watch.Watchers == 0)
            {
                _watched.Remove(watch.Stream);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Following the orders failed; it goes on from here")]
    private static partial void LogFailed(ILogger logger, Exception error);

    internal sealed class Watch(OrderFeed feed, string stream) : IDisposable
    {
        public string Stream { get; } = stream;

        /// <summary>Fires when the order may have changed.</summary>
        public Signal Changed { get; } = new();

        /// <summary>How many streams share it; guarded by the feed's lock.</summary>
        public int Watchers { get; set; }

        public void Dispose() => feed.Leave(this);
    }
}

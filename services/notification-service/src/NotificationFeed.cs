using System.Collections.Concurrent;
using Argosy.Chassis.Store;

namespace Argosy.Notifications;

/// <summary>Tells waiting streams that there is something new for their customer; it holds nothing for customers whom nobody watches.</summary>
internal sealed class NotificationFeed
{
    private readonly Lock _gate = new();
    private readonly ConcurrentDictionary<string, Watch> _watched = new(StringComparer.Ordinal);

    /// <summary>Wakes the customer's streams; cheap, made for <see cref="WriteSet.OnCommitted"/>.</summary>
    public void Changed(string user)
    {
        if (_watched.TryGetValue(user, out var watch))
        {
            watch.News.Set();
        }
    }

    /// <summary>Watches for one customer until disposed; any number may.</summary>
    public Watch Subscribe(string user)
    {
        lock (_gate)
        {
            var watch = _watched.GetOrAdd(user, key => new Watch(this, key));
            watch.Watchers++;
            return watch;
        }
    }

    internal sealed class Watch(NotificationFeed feed, string user) : IDisposable
    {
        /// <summary>Fires when there may be something new.</summary>
        public Signal News { get; } = new();

        /// <summary>How many streams share it; guarded by the feed's lock.</summary>
        public int Watchers { get; set; }

        public void Dispose()
        {
            lock (feed._gate)
            {
                if (--Watchers == 0)
                {
                    feed._watched.TryRemove(user, out _);
                }
            }
        }
    }
}

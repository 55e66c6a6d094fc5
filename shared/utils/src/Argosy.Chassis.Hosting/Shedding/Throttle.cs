using System.Collections.Concurrent;

namespace Argosy.Chassis.Hosting.Shedding;

/// <summary>
/// Keeps from a service most of what it would only turn away: refusing costs it, too, what it needs for those that it takes (the adaptive throttle
/// of Google's "Site Reliability Engineering", chapter 21). For the gateway. The protocol, for each method and path that somebody was turned away from:
/// <list type="number">
/// <item>Count what is asked and what is taken, both halved every <see cref="HalfLife"/>. Below <see cref="Busy"/> everything is passed on.</item>
/// <item>Of the rest pass on about <see cref="Passed"/> times what is taken, evenly spread, and never less than a fifth: who is well again is to be noticed.</item>
/// </list>
/// </summary>
public sealed class Throttle(TimeProvider time)
{
    private const double Passed = 2;
    private const double MostRefused = 0.8;
    private const int Busy = 64;                // some 45 a second
    private const int MostRoutes = 64;          // beyond that they are passed on
    private static readonly TimeSpan HalfLife = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<(string Method, string Path), Counts> _routes = new();

    /// <summary>The refusal of what its service would most likely turn away; null for all others.</summary>
    public Problem? Refuse(string method, string path, Priority priority) =>
        _routes.TryGetValue((method, path), out var counts) && counts.Refuse(time.GetTimestamp()) ? Shed.Refuse(priority, "throttle") : null;

    /// <summary>What became of one that was passed on.</summary>
    public void Note(string method, string path, bool turnedAway)
    {
        if (_routes.TryGetValue((method, path), out var counts))
        {
            counts.Note(time.GetTimestamp(), turnedAway);
        }
        else if (turnedAway && HasRoom())
        {
            _routes.GetOrAdd((method, path), _ => new Counts(time)).Note(time.GetTimestamp(), turnedAway);
        }
    }

    private bool HasRoom()
    {
        foreach (var (route, counts) in _routes.Count < MostRoutes ? [] : _routes.ToArray())
        {
            if (counts.IsOver(time.GetTimestamp()))
            {
                _routes.TryRemove(route, out _);
            }
        }

        return _routes.Count < MostRoutes;
    }

    private sealed class Counts(TimeProvider time)
    {
        private readonly Lock _gate = new();
        private long _at = time.GetTimestamp();
        private double _asked;
        private double _taken;
        private double _due;        // refusals, not yet a whole one

        public bool Refuse(long now)
        {
            lock (_gate)
            {
                Halve(now);
                if (_asked < Busy)
                {
                    return false;
                }

                _due += Math.Clamp((_asked - (Passed * _taken)) / _asked, 0, MostRefused);
                if (_due < 1)
                {
                    return false;
                }

                _due--;
                _asked++;
                return true;
            }
        }

        public void Note(long now, bool turnedAway)
        {
            lock (_gate)
            {
                Halve(now);
                _asked++;
                _taken += turnedAway ? 0 : 1;
            }
        }

        public bool IsOver(long now)
        {
            lock (_gate)
            {
                Halve(now);
                return _asked < 1;
            }
        }

        private void Halve(long now)
        {
            var left = Math.Pow(0.5, time.GetElapsedTime(_at, now) / HalfLife);
            (_asked, _taken, _at) = (_asked * left, _taken * left, now);
        }
    }
}

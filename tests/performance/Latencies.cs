namespace Argosy.Performance;

/// <summary>Latencies of one run, all of them: percentiles are read from the sorted samples (nearest rank), never interpolated or bucketed.</summary>
internal sealed class Latencies
{
    private readonly Lock _gate = new();
    private readonly List<double> _milliseconds = [];
    private bool _sorted;

    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _milliseconds.Count;
            }
        }
    }

    public void Add(TimeSpan latency)
    {
        lock (_gate)
        {
            _milliseconds.Add(latency.TotalMilliseconds);
            _sorted = false;
        }
    }

    /// <summary>The smallest latency, in ms, that at least <paramref name="percent"/> of all have not exceeded; NaN without any.</summary>
    public double Percentile(double percent)
    {
        lock (_gate)
        {
            if (_milliseconds.Count == 0)
            {
                return double.NaN;
            }

            if (!_sorted)
            {
                _milliseconds.Sort();
                _sorted = true;
            }

            var rank = (int)Math.Ceiling(percent / 100 * _milliseconds.Count);
            return _milliseconds[Math.Clamp(rank, 1, _milliseconds.Count) - 1];
        }
    }
}

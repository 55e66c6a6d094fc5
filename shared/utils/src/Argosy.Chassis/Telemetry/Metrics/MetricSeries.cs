namespace Argosy.Chassis.Telemetry.Metrics;

/// <summary>
/// One series as it grows. Written by any thread without a lock: a measurement costs an interlocked addition or two, and a reader
/// in between may see a histogram whose sum lags its count by what is being added at that moment.
/// </summary>
internal sealed class MetricSeries(IReadOnlyList<MetricLabel> labels, double[]? bounds)
{
    private readonly long[]? _counts = bounds is null ? null : new long[bounds.Length + 1];
    private double _value;
    private long _seen;

    /// <summary>Adds to a counter.</summary>
    public void Add(double delta)
    {
        var before = Volatile.Read(ref _value);
        while (true)
        {
            var now = Interlocked.CompareExchange(ref _value, before + delta, before);
            if (now.Equals(before))
            {
                return;
            }

            before = now;
        }
    }

    /// <summary>Sets a gauge, or whatever is observed in <paramref name="round"/>; a second observation of one round adds, where sums are meant.</summary>
    public void Set(double value, long round, bool adds)
    {
        var earlier = Interlocked.Exchange(ref _seen, round);
        if (adds && earlier == round && round > 0)
        {
            Add(value);
        }
        else
        {
            Volatile.Write(ref _value, value);
        }
    }

    /// <summary>Sorts a measurement into a histogram. What is no number is nobody's measurement.</summary>
    public void Record(double value)
    {
        if (double.IsNaN(value))
        {
            return;
        }

        var at = Array.BinarySearch(bounds!, value);
        Interlocked.Increment(ref _counts![at < 0 ? ~at : at]);
        Add(value);
    }

    /// <summary>How it stands; null where it was not observed in <paramref name="round"/>, and only observations count.</summary>
    public MetricPoint? Read(long? round)
    {
        if (round is { } wanted && Volatile.Read(ref _seen) != wanted)
        {
            return null;
        }

        var value = Volatile.Read(ref _value);
        if (_counts is null)
        {
            return new MetricPoint(labels, value);
        }

        var counts = new long[_counts.Length];
        for (var i = 0; i < counts.Length; i++)
        {
            counts[i] = Interlocked.Read(ref _counts[i]);
        }

        return new MetricPoint(labels, value, new Buckets(bounds!, counts));
    }
}

using System.Collections.Concurrent;
using System.Globalization;

namespace Argosy.Chassis.Telemetry.Metrics;

/// <summary>How measurements of an instrument change its series.</summary>
internal enum Measuring
{
    /// <summary>They are added.</summary>
    Adds,

    /// <summary>The last one counts.</summary>
    Sets,

    /// <summary>They are sorted into ranges.</summary>
    Records,

    /// <summary>They are made when somebody reads, and add up where two instruments share a series.</summary>
    ObservesSums,

    /// <summary>They are made when somebody reads, and the last one counts.</summary>
    ObservesValues,
}

/// <summary>
/// All series of one metric. Their number is bounded: whatever has more different labels than that is counted in one series that says
/// so (<c>otel_metric_overflow</c>, as OpenTelemetry's SDKs do), because a label that a caller can choose must not fill our memory.
/// </summary>
internal sealed class MetricFamily
{
    /// <summary>The most series that a family has, the one of the overflow left out.</summary>
    public const int MaxSeries = 1000;

    private readonly ConcurrentDictionary<TagSet, MetricSeries> _byTags = new(new TagSet.Comparer());
    private readonly ConcurrentDictionary<TagSet, MetricSeries>.AlternateLookup<ReadOnlySpan<KeyValuePair<string, object?>>> _lookup;
    private readonly ConcurrentDictionary<string, MetricSeries> _byLabels = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private readonly MetricSeries _overflow;
    private readonly string _help;
    private readonly double[]? _bounds;
    private long _round;
    private bool _overflowed;

    public MetricFamily(string name, string help, MetricKind kind, Measuring measuring, double[]? bounds)
    {
        (Name, _help, Kind, Measuring, _bounds) = (name, help, kind, measuring, bounds);
        _lookup = _byTags.GetAlternateLookup<ReadOnlySpan<KeyValuePair<string, object?>>>();
        _overflow = new MetricSeries([new MetricLabel("otel_metric_overflow", "true")], bounds);
    }

    public string Name { get; }

    public MetricKind Kind { get; }

    public Measuring Measuring { get; }

    private bool Observes => Measuring is Measuring.ObservesSums or Measuring.ObservesValues;

    /// <summary>Whether another instrument may share the family.</summary>
    public bool Fits(MetricKind kind, Measuring measuring, double[]? bounds) =>
        Kind == kind && Measuring == measuring && (_bounds ?? []).AsSpan().SequenceEqual(bounds ?? []);

    public void Measure(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var series = _lookup.TryGetValue(tags, out var known) ? known : Find(tags);
        switch (Measuring)
        {
            case Measuring.Adds:
                series.Add(value);
                break;
            case Measuring.Records:
                series.Record(value);
                break;
            case var how:
                series.Set(value, Volatile.Read(ref _round), adds: how == Measuring.ObservesSums);
                break;
        }
    }

    /// <summary>Before observing: what is not observed from here on is gone.</summary>
    public void Begin(long round) => Volatile.Write(ref _round, round);

    public MetricSnapshot Read()
    {
        var round = Observes ? Volatile.Read(ref _round) : (long?)null;
        var series = Volatile.Read(ref _overflowed) ? _byLabels.Values.Append(_overflow) : _byLabels.Values;
        return new MetricSnapshot(Name, _help, Kind, [.. series.Select(one => one.Read(round)).OfType<MetricPoint>()]);
    }

    // Two call sites may give the same tags in another order, or tags that Prometheus cannot tell apart: they share a series.
    private MetricSeries Find(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var labels = Labels(tags);
        var text = string.Join('\u0001', labels.Select(label => $"{label.Name}\u0002{label.Value}"));
        lock (_gate)
        {
            if (!_byLabels.TryGetValue(text, out var series))
            {
                if (_byLabels.Count >= MaxSeries)
                {
                    _overflowed = true;
                    return _overflow;
                }

                series = new MetricSeries(labels, _bounds);
                _byLabels.TryAdd(text, series);
            }

            if (_byTags.Count < 2 * MaxSeries)
            {
                _lookup[tags] = series;
            }

            return series;
        }
    }

    private List<MetricLabel> Labels(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var labels = new List<MetricLabel>(tags.Length);
        foreach (var (key, value) in tags.ToArray().OrderBy(tag => tag.Key, StringComparer.Ordinal))
        {
            // An empty label is no label.
            if (TextOf(value) is { Length: > 0 } text)
            {
                var name = MetricNames.Label(key) is var plain && plain == "le" && Kind == MetricKind.Histogram ? "exported_le" : plain;
                var same = labels.FindIndex(label => label.Name == name);
                if (same < 0)
                {
                    labels.Add(new MetricLabel(name, text));
                }
                else
                {
                    labels[same] = new MetricLabel(name, $"{labels[same].Value};{text}");
                }
            }
        }

        labels.Sort((one, other) => string.CompareOrdinal(one.Name, other.Name));
        return labels;
    }

    private static string TextOf(object? value) => value switch
    {
        null => "",
        bool flag => flag ? "true" : "false",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "",
    };
}

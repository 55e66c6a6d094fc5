namespace Argosy.Chassis.Telemetry.Metrics;

/// <summary>What a family of series is to whoever reads it.</summary>
internal enum MetricKind
{
    /// <summary>Only rises; a fall means that the process was started again.</summary>
    Counter,

    /// <summary>How it stands now.</summary>
    Gauge,

    /// <summary>How many measurements fell into which range.</summary>
    Histogram,
}

/// <summary>One metric at one instant, in Prometheus's names.</summary>
/// <param name="Name">Without the suffixes that only samples have: <c>_total</c>, <c>_bucket</c>, <c>_sum</c>, <c>_count</c>.</param>
/// <param name="Help">One sentence.</param>
/// <param name="Kind">What the samples mean.</param>
/// <param name="Points">One for each set of labels; no set comes twice.</param>
internal sealed record MetricSnapshot(string Name, string Help, MetricKind Kind, IReadOnlyList<MetricPoint> Points);

/// <summary>A label; names are valid and unique within a point, values may be any text.</summary>
internal readonly record struct MetricLabel(string Name, string Value);

/// <summary>One series at one instant.</summary>
/// <param name="Labels">Sorted by name.</param>
/// <param name="Value">The value of a counter or gauge; the sum of a histogram.</param>
/// <param name="Buckets">How many measurements lie in each range, not cumulative; null unless it is a histogram.</param>
internal sealed record MetricPoint(IReadOnlyList<MetricLabel> Labels, double Value, Buckets? Buckets = null);

/// <summary>The ranges of a histogram.</summary>
/// <param name="Bounds">Upper bounds, inclusive, ascending, finite.</param>
/// <param name="Counts">One more than there are bounds: the last range is open.</param>
internal sealed record Buckets(IReadOnlyList<double> Bounds, IReadOnlyList<long> Counts);

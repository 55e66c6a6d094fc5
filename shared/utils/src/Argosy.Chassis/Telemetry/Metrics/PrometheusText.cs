using System.Globalization;

namespace Argosy.Chassis.Telemetry.Metrics;

/// <summary>
/// Writes metrics as Prometheus reads them: its text format 0.0.4, or OpenMetrics 1.0, which differs in what a counter's family is
/// called, in one escape of help texts and in its last line. Both want lines that end in <c>\n</c> and each family in one piece.
/// </summary>
internal sealed class PrometheusText(TextWriter output, bool openMetrics)
{
    /// <summary>What 0.0.4 is called. Prometheus 3 takes nothing without a type.</summary>
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    /// <summary>What OpenMetrics is called.</summary>
    public const string OpenMetricsContentType = "application/openmetrics-text; version=1.0.0; charset=utf-8";

    public void Write(IReadOnlyList<MetricLabel> target, IEnumerable<MetricSnapshot> families)
    {
        WriteTarget(target);
        foreach (var family in families)
        {
            WriteFamily(family);
        }

        if (openMetrics)
        {
            output.Write("# EOF\n");
        }
    }

    /// <summary>Numbers as Go reads them, shortest that comes back the same.</summary>
    public static string Number(double value) => value switch
    {
        double.PositiveInfinity => "+Inf",
        double.NegativeInfinity => "-Inf",
        _ when double.IsNaN(value) => "NaN",
        _ => value.ToString("R", CultureInfo.InvariantCulture),
    };

    // Who this is, once; joined to any series by job and instance.
    private void WriteTarget(IReadOnlyList<MetricLabel> target)
    {
        var (family, type) = openMetrics ? ("target", "info") : ("target_info", "gauge");
        WriteHead(family, type, "Which program and version this is.");
        WriteSample("target_info", target, null, "1");
    }

    private void WriteFamily(MetricSnapshot family)
    {
        // 0.0.4 calls a family as its samples are called, OpenMetrics without the suffix.
        var name = family.Kind == MetricKind.Counter && !openMetrics ? $"{family.Name}_total" : family.Name;
        WriteHead(name, family.Kind switch { MetricKind.Counter => "counter", MetricKind.Gauge => "gauge", _ => "histogram" }, family.Help);
        foreach (var point in family.Points)
        {
            if (point.Buckets is { } buckets)
            {
                WriteHistogram(family.Name, point, buckets);
            }
            else
            {
                WriteSample(family.Kind == MetricKind.Counter ? $"{family.Name}_total" : family.Name, point.Labels, null, Number(point.Value));
            }
        }
    }

    private void WriteHead(string name, string type, string help)
    {
        output.Write($"# HELP {name} ");
        WriteEscaped(help, quotes: openMetrics);
        output.Write($"\n# TYPE {name} {type}\n");
    }

    private void WriteHistogram(string name, MetricPoint point, Buckets buckets)
    {
        var below = 0L;
        for (var i = 0; i < buckets.Counts.Count; i++)
        {
            below += buckets.Counts[i];
            WriteSample($"{name}_bucket", point.Labels, i < buckets.Bounds.Count ? Bound(buckets.Bounds[i]) : "+Inf", Number(below));
        }

        WriteSample($"{name}_sum", point.Labels, null, Number(point.Value));
        WriteSample($"{name}_count", point.Labels, null, Number(below));
    }

    // OpenMetrics asks for floats that look like floats; the same text in both formats makes the same series.
    private static string Bound(double bound)
    {
        var text = Number(bound);
        return text.AsSpan().ContainsAny('.', 'E', 'f') ? text : $"{text}.0";
    }

    private void WriteSample(string name, IReadOnlyList<MetricLabel> labels, string? le, string value)
    {
        output.Write(name);
        var separator = '{';
        foreach (var (label, text) in labels)
        {
            output.Write(separator);
            output.Write($"{label}=\"");
            WriteEscaped(text, quotes: true);
            output.Write('"');
            separator = ',';
        }

        if (le is not null)
        {
            output.Write($"{separator}le=\"{le}\"");
            separator = ',';
        }

        output.Write(separator == ',' ? "} " : " ");
        output.Write(value);
        output.Write('\n');
    }

    private void WriteEscaped(string text, bool quotes)
    {
        foreach (var c in text)
        {
            switch (c)
            {
                case '\\': output.Write("\\\\"); break;
                case '\n': output.Write("\\n"); break;
                case '"' when quotes: output.Write("\\\""); break;
                default: output.Write(c); break;
            }
        }
    }
}

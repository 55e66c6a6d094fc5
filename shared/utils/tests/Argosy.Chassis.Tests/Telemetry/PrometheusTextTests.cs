using System.Diagnostics.Metrics;
using Argosy.Chassis.Telemetry.Metrics;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Telemetry;

public sealed class PrometheusTextTests
{
    private static readonly MetricLabel[] Target = [new("service_name", "tested")];

    private static readonly Gen<string> AnyText = Gen.Elements("", "a", "b c", "\\", "\"", "\n", "\\n", "é", "☃", "{", "}", ",", "=", "#", "\t", "\r", "le").ListOf().Select(string.Concat);

    private static readonly Gen<string> AnyName = Gen.Elements("a", "b", "Z", "0", "_", ".", "-", "é", "{", ":", " ", "total", "seconds").ListOf().Select(string.Concat);

    // Measurements of instruments with whatever names, units and tags there may be: what goes in is what can be read again.
    private sealed record Measured(string Name, string Unit, int Kind, double Value, string[] Keys, string[] Values);

    private static readonly Gen<Measured> AnyMeasured =
        from name in AnyName.Where(name => name.Length > 0)
        from unit in Gen.Elements("", "s", "By", "{request}", "1", "By/s", "weird unit", "%")
        from kind in Gen.Choose(0, 4)
        from value in Gen.OneOf(Gen.Elements(0, 1, 0.1, 1e21, -5, 1e-7, double.MaxValue, 2.5), ArbMap.Default.GeneratorFor<double>().Where(double.IsFinite))
        from keys in AnyName.Where(key => key.Length > 0).ListOf().Select(list => list.Take(3).ToArray())
        from values in AnyText.ArrayOf(keys.Length)
        select new Measured(name, unit, kind, value, keys, values);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Whatever_is_measured_comes_out_readable_once_cumulative_and_complete(bool openMetrics) => Property.Holds(
        AnyMeasured.ListOf().ToArbitrary(),
        measured =>
        {
            using var meter = new Meter($"any.{Guid.NewGuid():N}");
            using var collector = new MetricCollector(listened => ReferenceEquals(listened, meter), NullLogger.Instance);
            foreach (var one in measured)
            {
                Measure(meter, one);
            }

            var collected = collector.Collect();
            var read = PrometheusReader.Read(Write(collected, openMetrics), openMetrics).Skip(1).ToList();

            read.Select(family => family.Help).ShouldBe(collected.Select(family => family.Help));
            foreach (var (family, told) in collected.Zip(read))
            {
                SamplesOf(family).ShouldBe(told.Samples.Select(sample => (sample.Name, Show(sample.Labels), sample.Value)));
            }
        },
        count: 300);

    [Fact]
    public void Text_of_one_of_each_is_as_the_format_says()
    {
        MetricSnapshot[] families =
        [
            new("bytes_read", "Bytes \"read\"\nin all \\", MetricKind.Counter, [new MetricPoint([new("path", "C:\\x \"y\"\nz")], 3)]),
            new("temperature_celsius", "How warm.", MetricKind.Gauge, [new MetricPoint([], double.NaN)]),
            new("took_seconds", "How long.", MetricKind.Histogram, [new MetricPoint([new("method", "GET")], 2.25, new Buckets([0.5, 1], [1, 0, 2]))]),
        ];

        Write(families, openMetrics: false).ShouldBe(
            """
            # HELP target_info Which program and version this is.
            # TYPE target_info gauge
            target_info{service_name="tested"} 1
            # HELP bytes_read_total Bytes "read"\nin all \\
            # TYPE bytes_read_total counter
            bytes_read_total{path="C:\\x \"y\"\nz"} 3
            # HELP temperature_celsius How warm.
            # TYPE temperature_celsius gauge
            temperature_celsius NaN
            # HELP took_seconds How long.
            # TYPE took_seconds histogram
            took_seconds_bucket{method="GET",le="0.5"} 1
            took_seconds_bucket{method="GET",le="1.0"} 1
            took_seconds_bucket{method="GET",le="+Inf"} 3
            took_seconds_sum{method="GET"} 2.25
            took_seconds_count{method="GET"} 3

            """.ReplaceLineEndings("\n"));
        Write(families, openMetrics: true).ShouldContain("# HELP bytes_read Bytes \\\"read\\\"\\nin all \\\\\n# TYPE bytes_read counter\nbytes_read_total{");
        Write(families, openMetrics: true).ShouldEndWith("\n# EOF\n");
    }

    [Theory]
    [InlineData("http.server.request.duration", "s", nameof(MetricKind.Histogram), "http_server_request_duration_seconds")]
    [InlineData("dotnet.gc.heap.total_allocated", "By", nameof(MetricKind.Counter), "dotnet_gc_heap_total_allocated_bytes")]
    [InlineData("service.requests", "{request}", nameof(MetricKind.Counter), "service_requests")]
    [InlineData("queue_total", "", nameof(MetricKind.Counter), "queue")]
    [InlineData("disk.io", "By/s", nameof(MetricKind.Gauge), "disk_io_bytes_per_second")]
    [InlineData("uptime.seconds", "s", nameof(MetricKind.Gauge), "uptime_seconds")]
    [InlineData("2fast..2__furious", "1", nameof(MetricKind.Gauge), "_2fast_2_furious")]
    public void Names_follow_the_compatibility_rules(string instrument, string unit, string kind, string family) =>
        MetricNames.Family(instrument, unit, Enum.Parse<MetricKind>(kind)).ShouldBe(family);

    private static void Measure(Meter meter, Measured one)
    {
        var tags = one.Keys.Zip(one.Values).Select(tag => new KeyValuePair<string, object?>(tag.First, tag.Second)).DistinctBy(tag => tag.Key).ToArray();
        switch (one.Kind)
        {
            case 0: meter.CreateCounter<double>(one.Name, one.Unit).Add(Math.Abs(one.Value), tags); break;
            case 1: meter.CreateUpDownCounter<double>(one.Name, one.Unit).Add(one.Value, tags); break;
            case 2: meter.CreateHistogram<double>(one.Name, one.Unit, "A \\ \"help\"\ntext.").Record(one.Value, tags); break;
            case 3: meter.CreateGauge<double>(one.Name, one.Unit).Record(one.Value, tags); break;
            default: meter.CreateObservableCounter(one.Name, () => new Measurement<double>(one.Value, tags), one.Unit); break;
        }
    }

    private static string Write(IReadOnlyList<MetricSnapshot> families, bool openMetrics)
    {
        using var text = new StringWriter();
        new PrometheusText(text, openMetrics).Write(Target, families);
        return text.ToString();
    }

    // What a reader must find, worked out without the writer.
    private static IEnumerable<(string Name, string Labels, double Value)> SamplesOf(MetricSnapshot family)
    {
        foreach (var point in family.Points)
        {
            if (point.Buckets is not { } buckets)
            {
                yield return (family.Kind == MetricKind.Counter ? $"{family.Name}_total" : family.Name, Show(point.Labels), point.Value);
                continue;
            }

            for (var i = 0; i < buckets.Counts.Count; i++)
            {
                var le = i == buckets.Bounds.Count ? "+Inf" : buckets.Bounds[i] % 1 == 0 && Math.Abs(buckets.Bounds[i]) < 1e15 ? $"{buckets.Bounds[i]}.0" : $"{buckets.Bounds[i]}";
                yield return ($"{family.Name}_bucket", Show([.. point.Labels, new MetricLabel("le", le)]), buckets.Counts.Take(i + 1).Sum());
            }

            yield return ($"{family.Name}_sum", Show(point.Labels), point.Value);
            yield return ($"{family.Name}_count", Show(point.Labels), buckets.Counts.Sum());
        }
    }

    private static string Show(IReadOnlyList<MetricLabel> labels) => string.Join('\u0001', labels.Select(label => $"{label.Name}={label.Value}"));
}

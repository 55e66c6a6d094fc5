using System.Diagnostics.Metrics;
using Argosy.Chassis.Telemetry.Metrics;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Telemetry;

public sealed class MetricCollectorTests : IDisposable
{
    private readonly Meter _meter = new($"collected.{Guid.NewGuid():N}");
    private readonly MetricCollector _collector;

    public MetricCollectorTests() => _collector = new MetricCollector(meter => ReferenceEquals(meter, _meter), NullLogger.Instance);

    public void Dispose()
    {
        _collector.Dispose();
        _meter.Dispose();
    }

    [Fact]
    public void The_same_tags_in_another_order_are_the_same_series()
    {
        var counter = _meter.CreateCounter<long>("hits");
        counter.Add(1, new("a", "1"), new("b", 2));
        counter.Add(2, new KeyValuePair<string, object?>("b", 2), new KeyValuePair<string, object?>("a", "1"));

        var point = _collector.Collect().ShouldHaveSingleItem().Points.ShouldHaveSingleItem();

        point.Value.ShouldBe(3);
        point.Labels.ShouldBe([new MetricLabel("a", "1"), new MetricLabel("b", "2")]);
    }

    [Fact]
    public void Labels_that_callers_choose_end_in_one_series_that_says_so()
    {
        var counter = _meter.CreateCounter<long>("hits");
        for (var i = 0; i < MetricFamily.MaxSeries + 500; i++)
        {
            counter.Add(1, new KeyValuePair<string, object?>("path", $"/{i}"));
        }

        var points = _collector.Collect().ShouldHaveSingleItem().Points;

        points.Count.ShouldBe(MetricFamily.MaxSeries + 1);
        points.Single(point => point.Labels[0].Name == "otel_metric_overflow").Value.ShouldBe(500);
    }

    [Fact]
    public void What_is_observed_no_more_is_gone_and_what_two_observe_adds_up()
    {
        IEnumerable<string> there = ["a", "b"];
        _meter.CreateObservableUpDownCounter("there", () => there.Select(name => new Measurement<int>(1, new KeyValuePair<string, object?>("name", name))));
        _meter.CreateObservableUpDownCounter("there", () => new Measurement<int>(4, new KeyValuePair<string, object?>("name", "a")));
        _collector.Collect().ShouldHaveSingleItem().Points.Select(point => point.Value).Order().ShouldBe([1, 5]);

        there = ["a"];

        _collector.Collect().ShouldHaveSingleItem().Points.ShouldHaveSingleItem().Value.ShouldBe(5);
    }

    [Fact]
    public void Instruments_of_one_name_and_two_kinds_do_not_mix()
    {
        _meter.CreateCounter<long>("x").Add(1);
        _meter.CreateGauge<long>("x.total").Record(7);      // its sample would be the counter's
        _meter.CreateHistogram<double>("y").Record(1);
        _meter.CreateGauge<long>("y.count").Record(7);      // as well

        _collector.Collect().Select(family => family.Name).ShouldBe(["x", "y"]);
    }

    [Fact]
    public void Counters_of_the_runtime_that_fall_are_gauges()
    {
        using var collector = new MetricCollector(meter => meter.Name == "System.Runtime", NullLogger.Instance);

        var families = collector.Collect().ToDictionary(family => family.Name, StringComparer.Ordinal);

        families["dotnet_thread_pool_thread_count"].Kind.ShouldBe(MetricKind.Gauge);
        families["dotnet_thread_pool_queue_length"].Kind.ShouldBe(MetricKind.Gauge);
        families["dotnet_gc_collections"].Kind.ShouldBe(MetricKind.Counter);
    }

    [Fact]
    public async Task Measurements_from_many_threads_all_count()
    {
        var histogram = _meter.CreateHistogram<double>("took", "s");
        await Task.WhenAll(Enumerable.Range(0, 4).Select(thread => Task.Run(() =>
        {
            for (var i = 0; i < 10_000; i++)
            {
                histogram.Record(0.5, new KeyValuePair<string, object?>("kind", i % 3 == 0 ? "third" : "other"));
            }
        })));

        var points = _collector.Collect().ShouldHaveSingleItem().Points;

        points.Sum(point => point.Buckets!.Counts.Sum()).ShouldBe(40_000);
        points.Sum(point => point.Value).ShouldBe(20_000);
    }
}

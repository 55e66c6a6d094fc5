using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;

namespace Argosy.Chassis.Telemetry.Metrics;

/// <summary>
/// Listens to meters and keeps their series, for <c>/metrics</c>. Two instruments may share a family when they are alike; one that is
/// not, or whose samples another family already has, is left out and said once.
/// </summary>
internal sealed partial class MetricCollector : IDisposable
{
    // Where an instrument gives no advice: OpenTelemetry's defaults, for seconds its boundaries of HTTP durations.
    private static readonly double[] Seconds = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
    private static readonly double[] Anything = [0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000];

    private readonly ConcurrentDictionary<string, MetricFamily> _families = new(StringComparer.Ordinal);
    private readonly Dictionary<string, MetricFamily> _samples = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private readonly Lock _collecting = new();
    private readonly MeterListener _listener = new();
    private readonly ILogger _log;
    private long _round;
    private bool _faultSaid;

    /// <param name="wants">Which meters to listen to; those that appear later are asked about too.</param>
    /// <param name="log">For what cannot be collected.</param>
    public MetricCollector(Predicate<Meter> wants, ILogger log)
    {
        _log = log;
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (wants(instrument.Meter) && FamilyOf(instrument) is { } family)
            {
                listener.EnableMeasurementEvents(instrument, family);
            }
        };
        _listener.SetMeasurementEventCallback<byte>(static (_, value, tags, family) => ((MetricFamily)family!).Measure(value, tags));
        _listener.SetMeasurementEventCallback<short>(static (_, value, tags, family) => ((MetricFamily)family!).Measure(value, tags));
        _listener.SetMeasurementEventCallback<int>(static (_, value, tags, family) => ((MetricFamily)family!).Measure(value, tags));
        _listener.SetMeasurementEventCallback<long>(static (_, value, tags, family) => ((MetricFamily)family!).Measure(value, tags));
        _listener.SetMeasurementEventCallback<float>(static (_, value, tags, family) => ((MetricFamily)family!).Measure(value, tags));
        _listener.SetMeasurementEventCallback<double>(static (_, value, tags, family) => ((MetricFamily)family!).Measure(value, tags));
        _listener.SetMeasurementEventCallback<decimal>(static (_, value, tags, family) => ((MetricFamily)family!).Measure((double)value, tags));
        _listener.Start();
    }

    /// <summary>Asks everything that is observed, and reads how all series stand, families by name.</summary>
    public IReadOnlyList<MetricSnapshot> Collect()
    {
        lock (_collecting)
        {
            _round++;
            foreach (var family in _families.Values)
            {
                family.Begin(_round);
            }

            try
            {
                _listener.RecordObservableInstruments();
            }
            catch (AggregateException e)
            {
                // Whoever failed has no series this time; all others have.
                if (!_faultSaid)
                {
                    _faultSaid = true;
                    LogFault(_log, e);
                }
            }

            return [.. _families.Values.Select(family => family.Read()).Where(family => family.Points.Count > 0).OrderBy(family => family.Name, StringComparer.Ordinal)];
        }
    }

    public void Dispose() => _listener.Dispose();

    /// <summary>The names that the samples of a family have; no two families may share one.</summary>
    internal static IReadOnlyList<string> SampleNames(string family, MetricKind kind) => kind switch
    {
        MetricKind.Counter => [family, $"{family}_total"],
        MetricKind.Histogram => [family, $"{family}_bucket", $"{family}_sum", $"{family}_count"],
        _ => [family],
    };

    private MetricFamily? FamilyOf(Instrument instrument)
    {
        if (MetricNames.KindOf(instrument) is not { } kind)
        {
            return null;
        }

        var name = MetricNames.Family(instrument.Name, instrument.Unit, kind);
        var measuring = MeasuringOf(instrument, kind);
        var bounds = kind == MetricKind.Histogram ? BoundsOf(instrument) : null;
        lock (_gate)
        {
            var names = SampleNames(name, kind);
            if (_families.TryGetValue(name, out var family) ? !family.Fits(kind, measuring, bounds) : names.Any(_samples.ContainsKey))
            {
                LogLeftOut(_log, instrument.Name, instrument.Meter.Name, name);
                return null;
            }

            family ??= new MetricFamily(name, instrument.Description is { Length: > 0 } text ? text : instrument.Name, kind, measuring, bounds);
            _families[name] = family;
            foreach (var sample in names)
            {
                _samples[sample] = family;
            }

            return family;
        }
    }

    private static Measuring MeasuringOf(Instrument instrument, MetricKind kind) => (kind, instrument) switch
    {
        (MetricKind.Histogram, _) => Measuring.Records,
        (_, { IsObservable: true }) => IsGauge(instrument) ? Measuring.ObservesValues : Measuring.ObservesSums,
        _ => IsGauge(instrument) ? Measuring.Sets : Measuring.Adds,
    };

    private static bool IsGauge(Instrument instrument) =>
        instrument.GetType() is { IsGenericType: true } type && (type.GetGenericTypeDefinition() == typeof(Gauge<>) || type.GetGenericTypeDefinition() == typeof(ObservableGauge<>));

    // The advice is typed by the instrument's number, and nothing untyped leads to it.
    private static double[] BoundsOf(Instrument instrument) => instrument switch
    {
        Histogram<double> { Advice.HistogramBucketBoundaries: { } advice } => [.. advice],
        Histogram<float> { Advice.HistogramBucketBoundaries: { } advice } => [.. advice.Select(bound => (double)bound)],
        Histogram<long> { Advice.HistogramBucketBoundaries: { } advice } => [.. advice.Select(bound => (double)bound)],
        Histogram<int> { Advice.HistogramBucketBoundaries: { } advice } => [.. advice.Select(bound => (double)bound)],
        { Unit: "s" } => Seconds,
        _ => Anything,
    };

    [LoggerMessage(Level = LogLevel.Warning, Message = "Metric {Instrument} of {Meter} is left out: {Family} is something else already")]
    private static partial void LogLeftOut(ILogger logger, string instrument, string meter, string family);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Some metrics could not be observed; this is said once")]
    private static partial void LogFault(ILogger logger, Exception error);
}

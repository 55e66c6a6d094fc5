using System.Diagnostics.Metrics;
using Argosy.Chassis.Telemetry.Metrics;
using OpenTelemetry.Metrics;

namespace Argosy.Chassis.Hosting.Telemetry;

/// <summary>
/// Two of the runtime's instruments go up and down and are registered as counters: a backend would take each fall for a restart. The SDK
/// lets a view drop an instrument, not retype it, so these are dropped and measured once more under the same names, as what OpenTelemetry's
/// conventions for .NET say they are. <c>/metrics</c> needs none of this: <see cref="MetricNames"/> shows the runtime's own as gauges.
/// </summary>
internal static class ThreadPoolMeter
{
    // The scope keeps it from our own collector, which would add it to the runtime's.
    private static readonly Meter Corrected = Create(new Meter(new MeterOptions("System.Runtime") { Scope = typeof(ThreadPoolMeter) }));

    public static MeterProviderBuilder AddThreadPool(this MeterProviderBuilder metrics) =>
        metrics.AddMeter(Corrected.Name).AddView(instrument => IsWrong(instrument) ? MetricStreamConfiguration.Drop : null);

    private static bool IsWrong(Instrument instrument) => MetricNames.IsFalling(instrument.Name) && instrument is ObservableCounter<long>;

    private static Meter Create(Meter meter)
    {
        meter.CreateObservableUpDownCounter(
            "dotnet.thread_pool.thread.count", () => (long)ThreadPool.ThreadCount, "{thread}", "The number of thread pool threads that currently exist.");
        meter.CreateObservableUpDownCounter(
            "dotnet.thread_pool.queue.length", () => ThreadPool.PendingWorkItemCount, "{work_item}", "The number of work items that are currently queued to be processed by the thread pool.");
        return meter;
    }
}

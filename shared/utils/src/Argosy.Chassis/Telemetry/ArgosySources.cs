using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Argosy.Chassis.Telemetry;

/// <summary>What the chassis traces and counts under. Services use it too: one name to subscribe to.</summary>
public static class ArgosySources
{
    /// <summary>The name of both.</summary>
    public const string Name = "Argosy";

    /// <summary>Spans.</summary>
    public static ActivitySource Activities { get; } = new(Name);

    /// <summary>Metrics.</summary>
    public static Meter Meter { get; } = new(Name);

    /// <summary>
    /// Makes sure that every request and message has a trace id, exporter or not: without a listener .NET creates no activities, and
    /// logs could not be joined. Asks for identifiers only; an exporter that wants tags says so itself, and the larger wish wins.
    /// </summary>
    public static IDisposable Listen()
    {
        var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name is Name or "Microsoft.AspNetCore" || source.Name.StartsWith("Argosy.", StringComparison.Ordinal),
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.PropagationData,
        };
        ActivitySource.AddActivityListener(listener);
        return listener;
    }
}

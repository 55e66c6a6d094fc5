using System.Diagnostics.Metrics;
using Argosy.Chassis.Telemetry;

namespace Argosy.Chassis.Hosting.Shedding;

/// <summary>What somebody is told who is turned away, and the counter of them. Also marks such a request: it is not worth a line in the log.</summary>
internal sealed class Shed
{
    public static readonly Shed Mark = new();

    private const int Soonest = 3;
    private const int Latest = 6;

    private static readonly Counter<long> Requests = ArgosySources.Meter.CreateCounter<long>(
        "service.requests.shed", "{request}", "Requests refused before any work was done, because they or what they need had waited too long.");

    private static readonly string[] Names = ["exports", "reads", "checkout", "payment_results"];

    /// <summary>
    /// Not before three seconds: longer than a call between services waits for another attempt (CallOptions.LongestPause), so that nobody
    /// asks an overloaded service three times. And not all at once.
    /// </summary>
    public static Problem Refuse(Priority priority, string cause)
    {
        Requests.Add(1, new("argosy.shed.priority", Names[(int)priority]), new KeyValuePair<string, object?>("argosy.shed.cause", cause));
        return Problem.ReducedCapacity(
            "There is more to do here than can be done in time, and nothing was done this time; ask again later, with the same Idempotency-Key where there is one.", TimeSpan.FromSeconds(Random.Shared.Next(Soonest, Latest + 1)));
    }
}

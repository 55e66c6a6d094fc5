using System.Diagnostics.Metrics;
using Argosy.Chassis.Store;

namespace Argosy.Chassis.Sagas;

/// <summary>How sagas begin and end. Counted after the commit, so that a decision taken again after a conflict counts once.</summary>
internal static class SagaTelemetry
{
    public const string MeterName = "Argosy.Sagas";

    private static readonly Meter Meter = new(MeterName);

    private static readonly Counter<long> Started = Meter.CreateCounter<long>("argosy.sagas.started", "{saga}", "Sagas begun.");

    private static readonly Dictionary<SagaState, Counter<long>> Reached = new()
    {
        [SagaState.Completed] = Meter.CreateCounter<long>("argosy.sagas.completed", "{saga}", "Sagas whose every step stands."),
        [SagaState.Compensated] = Meter.CreateCounter<long>("argosy.sagas.compensated", "{saga}", "Sagas of which nothing is left."),
        [SagaState.Stuck] = Meter.CreateCounter<long>("argosy.sagas.stuck", "{saga}", "Undos that failed and need an operator."),
    };

    public static void Count(WriteSet work, string type, SagaOutcome.Moved move)
    {
        var counter = move.After.Version == 1 ? Started : move.Callback == SagaCallback.None ? null : Reached.GetValueOrDefault(move.After.State);
        if (counter != null)
        {
            work.OnCommitted(() => counter.Add(1, new KeyValuePair<string, object?>("argosy.saga.type", type)));
        }
    }
}

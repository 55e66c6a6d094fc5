using System.Diagnostics;
using System.Diagnostics.Metrics;
using Argosy.Chassis.Store;

namespace Argosy.Chassis.Sagas;

/// <summary>How sagas begin, move and end. Counted after the commit, so that a decision taken again after a conflict counts once.</summary>
internal static class SagaTelemetry
{
    public const string MeterName = "Argosy.Sagas";

    private static readonly ActivitySource Source = new(MeterName);

    private static readonly Meter Meter = new(MeterName);

    private static readonly Counter<long> Started = Meter.CreateCounter<long>("argosy.sagas.started", "{saga}", "Sagas begun.");

    private static readonly Counter<long> Ended = Meter.CreateCounter<long>("argosy.sagas.ended", "{saga}", "Sagas that ended, by outcome: completed, every step stands; compensated, nothing is left.");

    private static readonly Counter<long> Stuck = Meter.CreateCounter<long>("argosy.sagas.stuck", "{saga}", "Undos that failed and needed an operator.");

    /// <summary>The span of one input's effect on a saga, where the work that brings it is traced.</summary>
    public static Activity? StartMove(string type, string id, SagaInput input) => Activity.Current is { IsAllDataRequested: true }
        ? Source.StartActivity($"saga {type}")?.SetTag("argosy.saga.type", type).SetTag("argosy.saga.id", id).SetTag("argosy.saga.input", input.GetType().Name)
        : null;

    public static void Count(WriteSet work, string type, SagaOutcome.Moved move)
    {
        var kind = new KeyValuePair<string, object?>("argosy.saga.type", type);
        if (move.After.Version == 1)
        {
            work.OnCounted(() => Started.Add(1, kind));
        }
        else if (move.Callback != SagaCallback.None)
        {
            switch (move.After.State)
            {
                case SagaState.Completed or SagaState.Compensated:
                    var outcome = new KeyValuePair<string, object?>("argosy.saga.outcome", move.After.State.ToText());
                    work.OnCounted(() => Ended.Add(1, kind, outcome));
                    break;
                case SagaState.Stuck:
                    work.OnCounted(() => Stuck.Add(1, kind));
                    break;
            }
        }
    }
}

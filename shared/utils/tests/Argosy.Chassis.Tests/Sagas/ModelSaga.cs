using System.Collections.Immutable;
using Argosy.Chassis.Sagas;
using Google.Protobuf.WellKnownTypes;

namespace Argosy.Chassis.Tests.Sagas;

/// <summary>The steps whose success the saga has heard of.</summary>
internal sealed record ModelState(ImmutableList<int> Done);

/// <summary>
/// Sagas of any shape. Every step speaks the same messages: BoolValue is "done" or "undone", StringValue is a refusal, and the
/// commands say what the saga knew when it sent them.
/// </summary>
internal static class ModelSaga
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public static SagaDefinition Of(int steps, int pivot, Func<int, bool> retriable, int undoAttempts)
    {
        var saga = new Saga<ModelState>("model").UndoAttempts(undoAttempts);
        for (var number = 1; number <= steps; number++)
        {
            var afterPivot = pivot > 0 && number > pivot;
            var step = Step(saga, number, afterPivot, afterPivot || retriable(number));
            if (number == pivot)
            {
                step.Pivot();
            }
        }

        return saga
            .Completed((_, _) => { })
            .Compensated((_, _, _) => { })
            .UndoRefused((_, _, _) => { })
            .Definition;
    }

    private static SagaClause<ModelState> Step(Saga<ModelState> saga, int number, bool afterPivot, bool retriable)
    {
        var forward = saga.Step($"step {number}")
            .Do(state => new ListValue { Values = { state.Done.Select(done => Value.ForNumber(done)) } })
            .Succeeds<BoolValue>((state, _) => new ModelState(state.Done.Add(number)));
        if (!retriable)
        {
            forward.Fails<StringValue>(refusal => refusal.Value).Within(Patience);
        }

        var clause = afterPivot
            ? (SagaClause<ModelState>)forward
            : forward.Undo(state => new Int32Value { Value = number })
                .Until<BoolValue>().RefusedBy<StringValue>(refusal => refusal.Value).Within(Patience);
        return retriable ? clause.Retriable() : clause;
    }
}

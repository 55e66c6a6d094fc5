using System.Text.RegularExpressions;

namespace Argosy.Chassis.Sagas;

/// <summary>Turns a list of steps into a definition, or says everything that is missing from it.</summary>
internal static partial class SagaValidation
{
    public static SagaDefinition Build(
        string type, Type stateType, IReadOnlyList<StepPlan> steps, SagaCallbacks callbacks, int undoAttempts)
    {
        var faults = OfSaga(type, steps, callbacks, undoAttempts)
            .Concat(steps.SelectMany(step => OfStep(step, steps)))
            .ToList();
        return faults.Count == 0
            ? new SagaDefinition(type, stateType, [.. steps], callbacks, undoAttempts)
            : throw new InvalidOperationException($"The saga '{type}' cannot run: {string.Join("; ", faults)}.");
    }

    private static IEnumerable<string> OfSaga(string type, IReadOnlyList<StepPlan> steps, SagaCallbacks callbacks, int undoAttempts)
    {
        if (!Name().IsMatch(type))
        {
            yield return "its type is part of ids and needs lower-case letters, digits and hyphens only";
        }

        if (steps.Count == 0)
        {
            yield return "it has no Step(…)";
        }

        if (undoAttempts < 1)
        {
            yield return $"UndoAttempts({undoAttempts}) would never send an undo";
        }

        if (steps.Count(step => step.Pivot) > 1)
        {
            yield return "it has more than one Pivot(), but there is only one point of no return";
        }

        foreach (var kind in new[] { SagaCallback.Completed, SagaCallback.Compensated }.Where(kind => !callbacks.Has(kind)))
        {
            yield return $"it has no {kind}(…), so nobody would hear of that end";
        }

        var decisive = steps.FirstOrDefault(step => Stands(step, steps) && step.Undo?.Replies.Any(reply => reply.Reason != null) == true);
        if (decisive != null && !callbacks.Has(SagaCallback.UndoRefused))
        {
            yield return $"the undo of '{decisive.Name}' has RefusedBy, after which everything stands, and there is no UndoRefused(…)";
        }
    }

    private static IEnumerable<string> OfStep(StepPlan step, IReadOnlyList<StepPlan> steps)
    {
        if (string.IsNullOrWhiteSpace(step.Name) || steps.Any(other => other.Number < step.Number && other.Name == step.Name))
        {
            yield return $"step {step.Number} needs a name of its own, not '{step.Name}'";
        }

        var pivot = steps.FirstOrDefault(other => other.Pivot);
        var afterPivot = pivot != null && step.Number > pivot.Number;
        foreach (var fault in OfDo(step).Concat(afterPivot ? OfForwardOnly(step, pivot!) : OfUndo(step)))
        {
            yield return $"step '{step.Name}' {fault}";
        }
    }

    private static IEnumerable<string> OfDo(StepPlan step)
    {
        if (step.Do.Command is null)
        {
            yield return "has no Do(…)";
        }

        if (step.Do.Replies.All(reply => reply.Reason != null))
        {
            yield return "has no Succeeds<…>(), so it would never end";
        }

        if (step.Retriable && (step.Do.Within != null || step.Do.Replies.Any(reply => reply.Reason != null)))
        {
            yield return "is Retriable(): it only waits, and can have neither Fails<…>(…) nor a Within(…) before its Undo";
        }

        if (!step.Retriable && !(step.Do.Within > TimeSpan.Zero))
        {
            yield return "needs a Within(…) above zero after its Do(…), or it could wait for ever";
        }

        foreach (var fault in OfReplies(step.Do, "Do"))
        {
            yield return fault;
        }
    }

    private static IEnumerable<string> OfUndo(StepPlan step)
    {
        if (step.Undo is not { } undo)
        {
            yield return "has no Undo(…), so nothing could take it back";
            yield break;
        }

        if (undo.Replies.All(reply => reply.Reason != null))
        {
            yield return "has no Until<…>() after its Undo(…), so the undo would never end";
        }

        if (!(undo.Within > TimeSpan.Zero))
        {
            yield return "needs a Within(…) above zero after its Undo(…), or nobody would notice that the undo hangs";
        }

        foreach (var fault in OfReplies(undo, "Undo"))
        {
            yield return fault;
        }
    }

    private static IEnumerable<string> OfForwardOnly(StepPlan step, StepPlan pivot)
    {
        if (!step.Retriable)
        {
            yield return $"comes after the pivot '{pivot.Name}' and must be Retriable(): nothing can be undone any more";
        }

        if (step.Undo != null)
        {
            yield return $"comes after the pivot '{pivot.Name}' and has an Undo(…) that could never run";
        }
    }

    private static IEnumerable<string> OfReplies(CommandPlan command, string name) => command.Replies
        .GroupBy(reply => reply.Type)
        .Where(group => group.Count() > 1)
        .Select(group => $"has two meanings for {group.Key.Name} after its {name}(…)");

    /// <summary>Where a refused undo means that the saga stands: nothing after this step has been done, nothing before it undone.</summary>
    private static bool Stands(StepPlan step, IReadOnlyList<StepPlan> steps) => step.Pivot || step.Number == steps.Count;

    [GeneratedRegex("^[a-z][a-z0-9-]*$", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Name();
}

using System.Globalization;

namespace Argosy.Chassis.Sagas;

/// <summary>
/// The rules, as one pure step: (the saga's rows, an input, the time) → what is written and sent in one commit. It never resends:
/// the transport does that, and the id of a command is the same however often it is delivered.
/// </summary>
internal static class SagaEngine
{
    public static Problem Unknown { get; } = Problem.NotFound("saga.unknown", "There is no such saga.");

    public static SagaOutcome Decide(SagaDefinition definition, SagaInstance? saga, SagaInput input, DateTimeOffset now) =>
        (input, saga) switch
        {
            (SagaInput.Started started, null) => Start(definition, started, now),
            (SagaInput.Started, _) => new SagaOutcome.Ignored("it has been started"),
            (SagaInput.CancelRequested, null) or (SagaInput.Operated, null) =>
                new SagaOutcome.Refused(Unknown),
            (_, null) => new SagaOutcome.Ignored("there is no such saga"),
            (SagaInput.Replied replied, _) => Reply(definition, saga, replied, now),
            (SagaInput.DeadlineReached reached, _) => Deadline(definition, saga, reached, now),
            (SagaInput.CancelRequested cancel, _) => Cancel(definition, saga, cancel, now),
            (SagaInput.Operated operated, _) => Operate(definition, saga, operated, now),
            _ => throw new ArgumentOutOfRangeException(nameof(input), input, "A saga knows no such input."),
        };

    private static SagaOutcome.Moved Start(SagaDefinition definition, SagaInput.Started started, DateTimeOffset now)
    {
        var move = new SagaMove(definition, new SagaInstance(started.Id, SagaState.Running, Version: 0, Step: 1, started.Data), now);
        move.Send(1, SagaDirection.Do);
        return move.Finish();
    }

    private static SagaOutcome Reply(SagaDefinition definition, SagaInstance saga, SagaInput.Replied replied, DateTimeOffset now)
    {
        // 1. Only the reply to the attempt that is waited for, of a type that is waited for, counts.
        var tag = replied.Tag;
        if (saga.Row(tag.Step, tag.Direction) is not { } row || row.Attempt != tag.Attempt)
        {
            return new SagaOutcome.Ignored($"it answers {tag}, which is not waited for");
        }

        if (definition.Command(tag.Step, tag.Direction)?.ReplyOf(replied.Message) is not { } reply)
        {
            return new SagaOutcome.Ignored($"{replied.Message.Descriptor.FullName} does not answer {tag}");
        }

        // 2. A step that is finished stays so. The exception teaches, and moves nothing.
        var move = new SagaMove(definition, saga, now);
        var refusal = reply.Reason?.Invoke(replied.Message);
        if (LearnsLate(saga, row))
        {
            move.End(row, refusal is null ? StepState.Succeeded : StepState.Failed, refusal);
            move.Learn(reply.Apply(saga.Data, replied.Message));
            return move.Finish();
        }

        if (!row.Open)
        {
            return new SagaOutcome.Ignored($"{tag} is {row.State.ToText()}");
        }

        // 3. Forward, or back.
        if (tag.Direction == SagaDirection.Undo)
        {
            UndoReplied(definition, saga, row, refusal, move);
        }
        else if (refusal is null)
        {
            move.End(row, StepState.Succeeded);
            move.Learn(reply.Apply(saga.Data, replied.Message));
            move.Forward(tag.Step);
        }
        else
        {
            move.End(row, StepState.Failed, refusal);
            move.Compensate(refusal);
        }

        return move.Finish();
    }

    /// <summary>
    /// A reply to a do that was given up on never changes where the saga goes. But as long as its undo is undecided, what it
    /// says is kept: should the undo be refused, everything stands, and the owner needs to know what stands.
    /// </summary>
    private static bool LearnsLate(SagaInstance saga, StepRow row) =>
        row is { Direction: SagaDirection.Do, State: StepState.Doubtful }
        && saga.Row(row.Step, SagaDirection.Undo) is { } undo && (undo.Open || undo.Due != null);

    private static void UndoReplied(SagaDefinition definition, SagaInstance saga, StepRow row, string? refusal, SagaMove move)
    {
        if (refusal is null)
        {
            move.End(row, StepState.Undone);
            move.Back(row.Step - 1);
        }
        else if (Decides(definition, saga, row))
        {
            move.Stand(row, refusal);
        }
        else if (row.Attempt < definition.UndoAttempts)
        {
            move.Postpone(row, refusal);
        }
        else
        {
            move.Stick(row, StepState.Refused, refusal);
        }
    }

    /// <summary>The undo of the last step, or of the pivot, goes first and arbitrates: nothing else has been undone yet.</summary>
    private static bool Decides(SagaDefinition definition, SagaInstance saga, StepRow undo) =>
        (undo.Step == definition.Steps.Count || definition.Step(undo.Step).Pivot)
        && saga.Row(undo.Step, SagaDirection.Do)!.State != StepState.Failed;

    private static SagaOutcome Deadline(SagaDefinition definition, SagaInstance saga, SagaInput.DeadlineReached reached, DateTimeOffset now)
    {
        if (saga.Row(reached.Step, reached.Direction) is not { Due: { } due } row || due > now)
        {
            return new SagaOutcome.Ignored("nothing of it is due");
        }

        var move = new SagaMove(definition, saga, now);
        var within = definition.Command(row.Step, row.Direction)?.Within?.TotalSeconds ?? 0;
        var late = string.Create(CultureInfo.InvariantCulture, $"no answer within {within:0.###} s");
        if (row.State == StepState.Refused)
        {
            move.Resume();
            move.Send(row.Step, SagaDirection.Undo);
        }
        else if (row.Direction == SagaDirection.Undo)
        {
            move.Stick(row, StepState.Overdue, late);
        }
        else
        {
            move.End(row, StepState.Doubtful, late);
            move.Compensate($"{definition.Step(row.Step).Name}: {late}");
        }

        return move.Finish();
    }

    private static SagaOutcome Cancel(SagaDefinition definition, SagaInstance saga, SagaInput.CancelRequested cancel, DateTimeOffset now)
    {
        if (saga.State is not (SagaState.Running or SagaState.Completed))
        {
            return new SagaOutcome.Ignored("it is being undone already");
        }

        if (definition.Pivot is { } pivot && saga.Row(pivot.Number, SagaDirection.Do)?.State is StepState.Succeeded or StepState.Skipped)
        {
            return new SagaOutcome.Refused(Problem.Conflict("saga.pivot", $"This cannot be undone any more: {pivot.Name} is done."));
        }

        var move = new SagaMove(definition, saga, now);
        if (saga.Row(saga.Step, SagaDirection.Do) is { State: StepState.Waiting } row)
        {
            move.End(row, StepState.Doubtful, "cancelled while it was in flight");
        }

        move.Compensate(cancel.Reason);
        return move.Finish();
    }

    private static SagaOutcome Operate(SagaDefinition definition, SagaInstance saga, SagaInput.Operated operated, DateTimeOffset now)
    {
        var operation = operated.Operation;
        if (operation.Version is { } seen && seen != saga.Version)
        {
            return Refuse("saga.version", $"The saga has moved: it is at version {saga.Version}, and what was looked at was {seen}. Look again.");
        }

        return saga.State switch
        {
            SagaState.Stuck or SagaState.Compensating when saga.Row(saga.Step, SagaDirection.Undo) is { } undo => OperateUndo(definition, saga, undo, operation, now),
            SagaState.Running when definition.Step(saga.Step).Retriable && saga.Row(saga.Step, SagaDirection.Do) is { State: StepState.Waiting } row =>
                OperateDo(definition, saga, row, operation, now),
            SagaState.Running when saga.Row(saga.Step, SagaDirection.Do) is { Due: { } due } =>
                Refuse("saga.state", $"'{definition.Step(saga.Step).Name}' is being done, and ends by itself: by its answer, or undone at {due:u}. To have it undone now, cancel what the saga is about."),
            _ => Refuse("saga.state", $"This saga is {saga.State.ToText()}: nothing of it waits to be helped along."),
        };
    }

    private static SagaOutcome OperateUndo(SagaDefinition definition, SagaInstance saga, StepRow undo, SagaOperation operation, DateTimeOffset now)
    {
        var move = Help(definition, saga, undo, operation, now);
        switch (operation)
        {
            case { Action: SagaAction.Retry }:
                move.Resume();
                move.Send(undo.Step, SagaDirection.Undo);
                break;
            case { Action: SagaAction.Skip }:
                move.End(undo, StepState.Skipped, "an operator answered for it");
                move.Back(undo.Step - 1);
                break;
            case { End: SagaState.Compensated }:
                move.End(undo, StepState.Skipped, "an operator ended the saga");
                move.Compensated();
                break;
            case { End: SagaState.Completed } when WhyItCannotStand(definition, saga, undo) is { } why:
                return Refuse("saga.state", why);
            case { End: SagaState.Completed }:
                move.ForceStand(undo);
                break;
            default:
                return Refuse("saga.state", $"A saga can be ended as completed or as compensated, not as {operation.End.ToText()}.");
        }

        return move.Finish();
    }

    // Behind the pivot there is no way back: a step is done, or an operator says that it is.
    private static SagaOutcome OperateDo(SagaDefinition definition, SagaInstance saga, StepRow row, SagaOperation operation, DateTimeOffset now)
    {
        var move = Help(definition, saga, row, operation, now);
        switch (operation.Action)
        {
            case SagaAction.Retry:
                move.Send(row.Step, SagaDirection.Do);
                break;
            case SagaAction.Skip:
                move.End(row, StepState.Skipped, "an operator answered for it");
                move.Forward(row.Step);
                break;
            default:
                return Refuse("saga.state", $"'{definition.Step(row.Step).Name}' only waits to be done: skip it, and whatever comes behind it is done.");
        }

        return move.Finish();
    }

    // Everything stands only where nothing was taken back yet.
    private static string? WhyItCannotStand(SagaDefinition definition, SagaInstance saga, StepRow undo) =>
        definition.Steps.FirstOrDefault(step => saga.Row(step.Number, SagaDirection.Do) is null or { State: StepState.Failed }) is { } missing
            ? $"'{missing.Name}' was never done, so the saga cannot end as completed."
            : undo.Step < definition.Steps.Count
                ? $"'{definition.Step(undo.Step + 1).Name}' is taken back already, so the saga can only end as compensated."
                : null;

    private static SagaMove Help(SagaDefinition definition, SagaInstance saga, StepRow row, SagaOperation operation, DateTimeOffset now)
    {
        var was = $"the {row.Direction.ToText()} of '{definition.Step(row.Step).Name}' was {row.State.ToText()} in attempt {row.Attempt}";
        var move = new SagaMove(definition, saga, now);
        move.Audit(new SagaAudit(operation.By, operation.Action, $"{was} ({row.Error ?? "no answer yet"}). {operation.Note}".TrimEnd()));
        return move;
    }

    private static SagaOutcome.Refused Refuse(string code, string why) => new(Problem.Conflict(code, why));
}

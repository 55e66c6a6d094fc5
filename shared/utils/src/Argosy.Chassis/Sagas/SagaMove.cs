using System.Collections.Immutable;

namespace Argosy.Chassis.Sagas;

/// <summary>The verbs of the engine: each changes the saga's rows and notes what leaves with them.</summary>
internal sealed class SagaMove(SagaDefinition definition, SagaInstance saga, DateTimeOffset now)
{
    private const int Remembered = 40;

    private readonly List<(int, SagaDirection)> _changed = [];
    private readonly ImmutableArray<SagaCommand>.Builder _commands = ImmutableArray.CreateBuilder<SagaCommand>();
    private SagaInstance _saga = saga with { Version = saga.Version + 1 };
    private SagaCallback _callback;
    private string _reason = "";
    private SagaAudit? _audit;

    /// <summary>Writes a row for the next attempt and the command that goes with it: a command never leaves before its row.</summary>
    public void Send(int step, SagaDirection direction)
    {
        var plan = definition.Command(step, direction)!;
        var tag = new SagaStepTag(step, direction, (_saga.Row(step, direction)?.Attempt ?? 0) + 1);
        var id = SagaCommand.IdOf(_saga.Id, tag);
        _commands.Add(new SagaCommand(id, plan.Command!(_saga.Data, _saga.Reason), _saga.Id, tag, UndoneBy(tag)));
        Set(new StepRow(step, direction, StepState.Waiting, id, tag.Attempt, now + plan.Within, Error: null));
        _saga = _saga with { Step = step };
    }

    public void End(StepRow row, StepState state, string? error = null, DateTimeOffset? due = null) =>
        Set(row with { State = state, Error = error, Due = due });

    public void Learn(object data) => _saga = _saga with { Data = data };

    public void Audit(SagaAudit audit) => _audit = audit;

    /// <summary>Goes on behind a step that stands.</summary>
    public void Forward(int done)
    {
        if (done < definition.Steps.Count)
        {
            _saga = _saga with { State = SagaState.Running };
            Send(done + 1, SagaDirection.Do);
            return;
        }

        _saga = _saga with { State = SagaState.Completed };
        Tell(SagaCallback.Completed);
    }

    /// <summary>Turns round, for the first reason that there is.</summary>
    public void Compensate(string reason)
    {
        _saga = _saga with { State = SagaState.Compensating, Reason = reason };
        Back(_saga.Step);
    }

    /// <summary>
    /// Undoes the last step, from the one given downwards, that may have been done. One that failed was not: its refusal is the
    /// participant's durable word, and to ask for an undo would only add a wait and one more way to get stuck.
    /// </summary>
    public void Back(int from)
    {
        _saga = _saga with { State = SagaState.Compensating };
        for (var step = from; step >= 1; step--)
        {
            if (_saga.Row(step, SagaDirection.Do) is { State: not StepState.Failed })
            {
                Send(step, SagaDirection.Undo);
                return;
            }
        }

        Compensated();
    }

    public void Compensated()
    {
        _saga = _saga with { State = SagaState.Compensated };
        Tell(SagaCallback.Compensated, _saga.Reason);
    }

    /// <summary>
    /// The step cannot be taken back, and nothing before it was: everything stands. The owner is told that instead of
    /// "completed": two callbacks in one commit would both decide on what they read before it.
    /// </summary>
    public void Stand(StepRow undo, string reason)
    {
        End(undo, StepState.Refused, reason);
        End(_saga.Row(undo.Step, SagaDirection.Do)!, StepState.Succeeded);
        _saga = _saga with { Reason = "" };
        Forward(undo.Step);
        _callback = SagaCallback.None;
        Tell(SagaCallback.UndoRefused, reason);
    }

    /// <summary>Needs an operator; told once, also if a late refusal takes the place of a deadline that passed.</summary>
    public void Stick(StepRow undo, StepState state, string error)
    {
        End(undo, state, error);
        if (_saga.State != SagaState.Stuck)
        {
            _saga = _saga with { State = SagaState.Stuck };
            Tell(SagaCallback.Stuck, $"The undo of '{definition.Step(undo.Step).Name}' failed: {error}");
        }
    }

    /// <summary>Tries a refused undo again, after a while.</summary>
    public void Postpone(StepRow undo, string error)
    {
        End(undo, StepState.Refused, error, now + SagaDefinition.Backoff(undo.Attempt));
        _saga = _saga with { State = SagaState.Compensating };
    }

    /// <summary>An operator answers for it: everything stands, as if the undo had been refused.</summary>
    public void ForceStand(StepRow undo)
    {
        End(undo, StepState.Skipped, "an operator ended the saga");
        End(_saga.Row(undo.Step, SagaDirection.Do)!, StepState.Succeeded);
        _saga = _saga with { State = SagaState.Completed, Reason = "" };
        Tell(definition.Callbacks.Has(SagaCallback.UndoRefused) ? SagaCallback.UndoRefused : SagaCallback.Completed, "It could not be taken back.");
    }

    public void Resume() => _saga = _saga with { State = SagaState.Compensating };

    public SagaOutcome.Moved Finish()
    {
        var rows = _changed.Distinct().Select(key => _saga.Steps[key]).ToImmutableArray();
        var what = string.Join("; ", rows.Select(Tell));
        var moment = new SagaMoment(now.ToUnixTimeMilliseconds(), _audit is { } audit ? $"{audit.Action.ToString().ToLowerInvariant()} by {audit.Actor}: {what}" : what);
        var after = _saga with { History = [.. _saga.History.Add(moment).TakeLast(Remembered)] };
        return new(after, rows, _commands.ToImmutable(), _callback, _reason) { Audit = _audit };
    }

    private string Tell(StepRow row)
    {
        var attempt = row.Attempt > 1 ? $" (attempt {row.Attempt})" : "";
        var error = row.Error is null ? "" : $": {row.Error}";
        return $"{definition.Step(row.Step).Name}, {row.Direction.ToText()} {row.State.ToText()}{attempt}{error}";
    }

    private void Tell(SagaCallback callback, string reason = "") => (_callback, _reason) = (callback, reason);

    private void Set(StepRow row)
    {
        _changed.Add((row.Step, row.Direction));
        _saga = _saga with { Steps = _saga.Steps.SetItem((row.Step, row.Direction), row) };
    }

    private ImmutableArray<string> UndoneBy(SagaStepTag tag) => tag.Direction == SagaDirection.Do
        ? []
        : [.. Enumerable.Range(1, _saga.Row(tag.Step, SagaDirection.Do)!.Attempt)
            .Select(attempt => SagaCommand.IdOf(_saga.Id, new SagaStepTag(tag.Step, SagaDirection.Do, attempt)))];
}

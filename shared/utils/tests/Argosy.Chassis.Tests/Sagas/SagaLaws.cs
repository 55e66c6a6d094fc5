using Argosy.Chassis.Sagas;
using Google.Protobuf.WellKnownTypes;

namespace Argosy.Chassis.Tests.Sagas;

/// <summary>What must hold for every saga, written without a look at how the engine does it.</summary>
internal sealed class SagaLaws(SagaScenario scenario)
{
    private readonly HashSet<string> _commands = [];
    private readonly HashSet<int> _started = [];
    private readonly HashSet<int> _stands = [];
    private readonly HashSet<int> _skipped = [];
    private bool _pivotPassed;
    private bool _caused;
    private bool _again;
    private bool _forced;

    /// <summary>After every move.</summary>
    public void Moved(SagaInstance? before, SagaInput input, SagaOutcome.Moved move)
    {
        var after = move.After;
        Must(after.Version == (before?.Version ?? 0) + 1, "a move is one version");
        Must((before?.State != after.State && after.State is not (SagaState.Running or SagaState.Compensating)) == (move.Callback is not SagaCallback.None)
            || move.Callback == SagaCallback.UndoRefused, "the owner is told of every end, once");
        Must(after.State is not (SagaState.Completed or SagaState.Compensated) || after.Steps.Values.All(row => row.Due is null), "what has ended waits for nothing");
        Must(move.Commands.Length <= 1, "one command at a time");
        Must(input is not SagaInput.Replied replied || before?.Row(replied.Tag.Step, replied.Tag.Direction)?.Attempt == replied.Tag.Attempt,
            "only the reply to the last attempt counts");
        Must(input is not SagaInput.Operated { Operation.Action: SagaAction.Force } || after.State == SagaState.Compensated, "a forced saga is at its end");
        Must(input is not SagaInput.Operated { Operation.Action: SagaAction.Skip } || move.Commands.All(command => command.Tag.Step != before!.Step), "what is skipped is not sent");
        Note(before, input, move);
        foreach (var command in move.Commands)
        {
            Must(_commands.Add(command.Id), "a command has an id of its own");
            Must(after.Row(command.Tag.Step, command.Tag.Direction) is { State: StepState.Waiting } row && row.Command == command.Id,
                "a command never leaves before its row");
            if (command.Tag.Direction == SagaDirection.Do)
            {
                Forward(after, command);
            }
            else
            {
                Back(before!, after, command);
            }
        }
    }

    /// <summary>When everything is at rest.</summary>
    public void Ended(SagaInstance saga, IReadOnlyList<SagaParticipant> participants)
    {
        Must(saga.State is SagaState.Completed or SagaState.Compensated or SagaState.Stuck, $"a saga ends, and does not stay {saga.State}");
        Must(saga.State != SagaState.Completed || participants.Where((participant, i) => participant.Effect != 1 && !_skipped.Contains(i + 1)).ToList() is [], "completed: every step stands, but what an operator has answered for");
        Must(saga.State != SagaState.Stuck || participants[saga.Step - 1].Blocks, "stuck only where a participant doesn't undo");
        Must(saga.State != SagaState.Compensated || _caused || _forced, "nothing is undone without a cause");
        Must(saga.State != SagaState.Completed || !_forced, "forced: compensated");
        for (var step = 1; step <= scenario.Steps; step++)
        {
            var undone = saga.Row(step, SagaDirection.Undo) is { State: StepState.Undone };
            Must(!undone || participants[step - 1].Effect == 0, $"step {step} was undone, and nothing of it is left");
            Must(saga.State != SagaState.Compensated || _forced || _skipped.Contains(step) || participants[step - 1].Effect == 0,
                $"compensated: nothing of step {step} is left");
        }
    }

    private void Note(SagaInstance? before, SagaInput input, SagaOutcome.Moved move)
    {
        _caused |= input is SagaInput.CancelRequested or SagaInput.DeadlineReached { Direction: SagaDirection.Do }
            or SagaInput.Replied { Tag.Direction: SagaDirection.Do, Message: StringValue };
        _again = input is SagaInput.Operated { Operation.Action: SagaAction.Retry };
        if (input is SagaInput.Operated operated)
        {
            _forced |= operated.Operation.Action == SagaAction.Force;
            if (operated.Operation.Action == SagaAction.Skip)
            {
                _skipped.Add(before!.Step);
            }
        }

        if (move.Callback == SagaCallback.UndoRefused)
        {
            Must(before!.Step == scenario.Decisive, "only the decisive step's undo can leave everything standing");
            Must(before.Steps.Values.All(row => row is not { Direction: SagaDirection.Undo, State: StepState.Undone or StepState.Skipped }), "everything stands: nothing was undone");
            _stands.Add(before.Step);
        }

        _pivotPassed |= scenario.Pivot > 0
            && (move.After.State == SagaState.Completed || move.Commands.Any(command => command.Tag.Direction == SagaDirection.Do && command.Tag.Step > scenario.Pivot));
    }

    private void Forward(SagaInstance saga, SagaCommand command)
    {
        var step = command.Tag.Step;
        Must(_started.Add(step) ? command.Tag.Attempt == 1 : _again, "a step is begun once, or again where an operator wants it");
        Must(saga.State == SagaState.Running, "only a running saga goes forward");
        Must(Enumerable.Range(1, step - 1).All(before => saga.Row(before, SagaDirection.Do) is { State: StepState.Succeeded or StepState.Skipped }), "in order");
        Must(saga.Steps.Values.All(row => row is not { Direction: SagaDirection.Undo, State: StepState.Undone or StepState.Skipped }), "never forward again after an undo");
        var known = ((ListValue)command.Message).Values.Select(value => (int)value.NumberValue);
        Must(known.Union(_stands).Union(_skipped).Order().SequenceEqual(Enumerable.Range(1, step - 1)), "a command knows what was replied before it");
    }

    private void Back(SagaInstance before, SagaInstance saga, SagaCommand command)
    {
        var step = command.Tag.Step;
        Must(before.Row(step, SagaDirection.Undo) is not { State: StepState.Undone or StepState.Skipped }, "what is undone is not undone again");
        Must(command.Tag.Attempt > 1 || saga.Row(step, SagaDirection.Do) is not { State: StepState.Failed }, "a refused step is not undone");
        Must(_started.Contains(step), "undone only what was started");
        Must(!_pivotPassed, "nothing is undone after the pivot");
        Must(saga.State == SagaState.Compensating, "only a compensating saga goes back");
        Must(_started.Where(later => later > step).All(later =>
            saga.Row(later, SagaDirection.Do) is { State: StepState.Failed }
            || saga.Row(later, SagaDirection.Undo) is { State: StepState.Undone or StepState.Skipped }), "in reverse, leaving nothing out");
        Must(command.Undoes.Length == saga.Row(step, SagaDirection.Do)!.Attempt && command.Undoes[^1] == saga.Row(step, SagaDirection.Do)!.Command, "an undo names what it undoes, each attempt");
    }

    private static void Must(bool holds, string law)
    {
        if (!holds)
        {
            throw new SagaLawBroken(law);
        }
    }
}

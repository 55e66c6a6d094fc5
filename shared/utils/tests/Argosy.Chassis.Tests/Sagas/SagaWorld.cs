using Argosy.Chassis.Sagas;
using Google.Protobuf;

namespace Argosy.Chassis.Tests.Sagas;

/// <summary>
/// A saga, its participants, and between them a transport that loses for a while, repeats, reorders and delays. Everything that
/// happens comes from the scenario, so a scenario always tells the same story.
/// </summary>
internal sealed class SagaWorld
{
    private readonly SagaScenario _scenario;
    private readonly SagaDefinition _definition;
    private readonly SagaLaws _laws;
    private readonly SagaParticipant[] _participants;
    private readonly List<(SagaCommand Command, IMessage? Reply)> _wire = [];
    private readonly List<(SagaCommand Command, IMessage? Reply)> _lost = [];
    private readonly List<string> _story = [];
    private readonly HashSet<SagaCallback> _told = [];
    private SagaInstance? _saga;
    private DateTimeOffset _now = new(2025, 11, 23, 0, 0, 0, TimeSpan.Zero);

    private SagaWorld(SagaScenario scenario)
    {
        _scenario = scenario;
        _definition = ModelSaga.Of(scenario.Steps, scenario.Pivot, scenario.IsRetriable, scenario.UndoAttempts);
        _laws = new SagaLaws(scenario);
        _participants = [.. Enumerable.Range(1, scenario.Steps).Select(step => new SagaParticipant(
            step,
            scenario.IsRetriable(step) && scenario.Do[step - 1] != DoConduct.Slow ? DoConduct.Willing : scenario.Do[step - 1],
            scenario.Undo[step - 1],
            decisive: step == scenario.Decisive))];
    }

    /// <summary>Tells the scenario, then lets everything heal, then looks at what is left; returns what the owner was told.</summary>
    public static IReadOnlyCollection<SagaCallback> Run(SagaScenario scenario)
    {
        var world = new SagaWorld(scenario);
        try
        {
            world.Apply(new SagaInput.Started("model/1", new ModelState([])));
            foreach (var move in scenario.Fate)
            {
                world.Happen(move % 100, move / 100);
            }

            world.Heal();
            world._laws.Ended(world._saga!, world._participants);
            return world._told;
        }
        catch (SagaLawBroken e)
        {
            throw new SagaLawBroken($"{e.Message}\n  {string.Join("\n  ", world._story)}\n");
        }
    }

    private void Happen(int kind, int which)
    {
        switch (kind)
        {
            case < 40:
                Deliver(which, keep: false);
                break;
            case < 55:
                Deliver(which, keep: true);
                break;
            case < 63 when _wire.Count > 0:
                _lost.Add(Take(which, keep: false));
                break;
            case < 70:
                Recover();
                break;
            case < 80:
                _now += TimeSpan.FromSeconds(which % 40);
                break;
            case < 88:
                ReachDeadlines();
                break;
            case < 92:
                Apply(new SagaInput.CancelRequested("cancelled"));
                break;
            case < 96:
                _participants[_scenario.Decisive - 1].Leave();
                break;
            case < 99:
                Apply(new SagaInput.Operated(new SagaOperation((SagaAction)(which % 3), "ada", "")));
                break;
        }
    }

    /// <summary>Everything that was sent arrives, every deadline passes: in the end nothing can move any more.</summary>
    private void Heal()
    {
        for (var rounds = 0; rounds < 1000; rounds++)
        {
            Recover();
            if (_wire.Count > 0)
            {
                Deliver(0, keep: false);
            }
            else if (_saga!.Steps.Values.Min(row => row.Due) is { } due)
            {
                _now = due > _now ? due : _now;
                ReachDeadlines();
            }
            else
            {
                return;
            }
        }

        throw new SagaLawBroken("it never comes to rest");
    }

    private void Deliver(int which, bool keep)
    {
        if (_wire.Count == 0)
        {
            return;
        }

        var (command, reply) = Take(which, keep);
        if (reply is not null)
        {
            var input = new SagaInput.Replied(command.Tag, reply);
            if (Apply(input) is SagaOutcome.Moved && Apply(input) is SagaOutcome.Moved)
            {
                throw new SagaLawBroken($"the reply to {command.Tag} counted twice");
            }

            return;
        }

        var participant = _participants[command.Tag.Step - 1];
        var answer = participant.Receive(command);
        _story.Add($"participant {command.Tag} → {answer?.ToString() ?? "nothing"}, effect {participant.Effect}");
        if (answer is not null)
        {
            (participant.Slow ? _lost : _wire).Add((command, answer));
        }
    }

    private (SagaCommand Command, IMessage? Reply) Take(int which, bool keep)
    {
        var index = which % _wire.Count;
        var message = _wire[index];
        if (!keep)
        {
            _wire.RemoveAt(index);
        }

        return message;
    }

    private void Recover()
    {
        _wire.AddRange(_lost);
        _lost.Clear();
    }

    private void ReachDeadlines()
    {
        foreach (var row in _saga!.Steps.Values.Where(row => row.Due <= _now).ToList())
        {
            Apply(new SagaInput.DeadlineReached(row.Step, row.Direction));
        }
    }

    private SagaOutcome Apply(SagaInput input)
    {
        var outcome = SagaEngine.Decide(_definition, _saga, input, _now);
        _story.Add($"{_now:HH:mm:ss} {input} → {outcome.GetType().Name}");
        if (outcome is SagaOutcome.Moved move)
        {
            _story.Add($"    {move.After.State} {move.Callback} [{string.Join(' ', move.Commands.Select(command => command.Tag))}]");
            _laws.Moved(_saga, input, move);
            _told.Add(move.Callback);
            _saga = move.After with { Data = _definition.Read(_definition.Write(move.After.Data)) };
            _wire.AddRange(move.Commands.Select(command => (command, (IMessage?)null)));
        }

        return outcome;
    }
}

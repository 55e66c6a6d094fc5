using Argosy.Chassis.Sagas;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace Argosy.Chassis.Tests.Sagas;

/// <summary>
/// One participant, with the inbox that the chassis gives it: a message has its effect once, and an undo puts the ids of what it
/// undoes into the inbox, so that a do that comes late has none.
/// </summary>
internal sealed class SagaParticipant(int step, DoConduct forward, UndoConduct back, bool decisive)
{
    private readonly HashSet<string> _inbox = [];
    private bool _undone;
    private bool _left;
    private bool _again;
    private int _refusals;

    /// <summary>1 while what was done is there, 0 otherwise.</summary>
    public int Effect { get; private set; }

    public bool Slow => forward == DoConduct.Slow || back == UndoConduct.Slow;

    /// <summary>The undo may never be answered well, whatever the engine does.</summary>
    public bool Blocks => back == UndoConduct.Mute || (!decisive && back is UndoConduct.RefusesTwice or UndoConduct.RefusesAlways);

    public bool RefusesDo => forward == DoConduct.Refuses;

    /// <summary>What was done is out of reach: only the decisive step's participant has such a moment.</summary>
    public void Leave() => _left |= Effect == 1;

    /// <summary>Handles a command; null where there is no answer.</summary>
    public IMessage? Receive(SagaCommand command)
    {
        var undo = command.Tag.Direction == SagaDirection.Undo;
        if ((undo ? back == UndoConduct.Mute : forward == DoConduct.Mute) || !_inbox.Add(command.Id))
        {
            return null;
        }

        _inbox.UnionWith(command.Undoes);
        return undo ? Undo() : Do(again: command.Tag.Attempt > 1);
    }

    private IMessage Do(bool again)
    {
        if (Effect != 0 && (again || _again) && !_undone)
        {
            return new BoolValue();     // answered from what is so
        }

        _again |= again;
        if (_undone || Effect != 0)
        {
            throw new SagaLawBroken(_undone ? $"step {step} was done after it was undone" : $"step {step} was done twice");
        }

        if (forward == DoConduct.Refuses)
        {
            return new StringValue { Value = $"step {step} refused" };
        }

        Effect = 1;
        return new BoolValue();
    }

    private IMessage Undo()
    {
        var patience = back switch { UndoConduct.RefusesTwice => 2, UndoConduct.RefusesAlways => int.MaxValue, _ => 0 };
        if (_left || (!decisive && _refusals++ < patience))
        {
            return new StringValue { Value = $"undo of step {step} refused" };
        }

        _undone = true;
        Effect = 0;
        return new BoolValue();
    }
}

/// <summary>A law that sagas must keep was broken.</summary>
internal sealed class SagaLawBroken(string law) : Exception(law);

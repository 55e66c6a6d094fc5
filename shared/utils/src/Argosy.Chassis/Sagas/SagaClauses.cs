using Argosy.Chassis.Store;
using Google.Protobuf;

namespace Argosy.Chassis.Sagas;

/// <summary>A step that has a name and needs its command.</summary>
public sealed class SagaStepName<TState> where TState : class
{
    private readonly Saga<TState> _saga;
    private readonly StepPlan _step;

    internal SagaStepName(Saga<TState> saga, StepPlan step) => (_saga, _step) = (saga, step);

    /// <summary>The command that does this step, made from the state as the replies before it have left it.</summary>
    public SagaDo<TState> Do<TCommand>(Func<TState, TCommand> command) where TCommand : IMessage<TCommand>
    {
        _step.Do.Command = (state, _) => command((TState)state);
        _step.Do.CommandType = typeof(TCommand);
        return new SagaDo<TState>(_saga, _step);
    }
}

/// <summary>What may follow a step: its marks, the next step, or the end of the list.</summary>
public class SagaClause<TState> where TState : class
{
    private protected SagaClause(Saga<TState> saga, StepPlan step) => (Saga, Plan) = (saga, step);

    private protected Saga<TState> Saga { get; }

    private protected StepPlan Plan { get; }

    /// <summary>Once this step has succeeded the saga only goes forward: it cannot be cancelled, and what follows is retriable.</summary>
    public SagaClause<TState> Pivot()
    {
        Plan.Pivot = true;
        return this;
    }

    /// <summary>This step never fails and has no deadline of its own: the saga waits for it as long as it takes.</summary>
    public SagaClause<TState> Retriable()
    {
        Plan.Retriable = true;
        return this;
    }

    /// <inheritdoc cref="Saga{TState}.Step"/>
    public SagaStepName<TState> Step(string name) => Saga.Step(name);

    /// <inheritdoc cref="Saga{TState}.Completed(Action{TState, WriteSet})"/>
    public Saga<TState> Completed(Action<TState, WriteSet> callback) => Saga.Completed(callback);

    /// <inheritdoc cref="Saga{TState}.Completed(Func{TState, WriteSet, IStore, CancellationToken, Task})"/>
    public Saga<TState> Completed(Func<TState, WriteSet, IStore, CancellationToken, Task> callback) => Saga.Completed(callback);
}

/// <summary>The way forward of a step.</summary>
public sealed class SagaDo<TState> : SagaClause<TState> where TState : class
{
    internal SagaDo(Saga<TState> saga, StepPlan step) : base(saga, step)
    {
    }

    /// <summary>The reply that ends the step well.</summary>
    /// <param name="apply">What the state learns from it; nothing when left out.</param>
    public SagaDo<TState> Succeeds<TReply>(Func<TState, TReply, TState>? apply = null) where TReply : IMessage<TReply>
    {
        Plan.Do.Expect<TState, TReply>(apply);
        return this;
    }

    /// <summary>
    /// The reply that says the step was not done. It is the participant's durable word that nothing was left behind, so a refused
    /// step is not undone; what came before it is.
    /// </summary>
    /// <param name="reason">Becomes the reason of the saga's end: a sentence for a person.</param>
    public SagaDo<TState> Fails<TReply>(Func<TReply, string> reason) where TReply : IMessage<TReply>
    {
        Plan.Do.ExpectRefusal(reason);
        return this;
    }

    /// <summary>How long to wait for a reply. After that the step is in doubt, and undone like one that was done.</summary>
    public SagaDo<TState> Within(TimeSpan deadline)
    {
        Plan.Do.Within = deadline;
        return this;
    }

    /// <summary>The command that takes this step back, also if it was never done.</summary>
    public SagaUndo<TState> Undo<TCommand>(Func<TState, TCommand> command) where TCommand : IMessage<TCommand> =>
        Undo((state, _) => command(state));

    /// <summary>As above, knowing why the saga is undone.</summary>
    public SagaUndo<TState> Undo<TCommand>(Func<TState, string, TCommand> command) where TCommand : IMessage<TCommand>
    {
        Plan.Undo = new CommandPlan { Command = (state, reason) => command((TState)state, reason), CommandType = typeof(TCommand) };
        return new SagaUndo<TState>(Saga, Plan);
    }
}

/// <summary>The way back of a step.</summary>
public sealed class SagaUndo<TState> : SagaClause<TState> where TState : class
{
    internal SagaUndo(Saga<TState> saga, StepPlan step) : base(saga, step)
    {
    }

    /// <summary>The reply that says nothing of the step is left.</summary>
    public SagaUndo<TState> Until<TReply>() where TReply : IMessage<TReply>
    {
        Plan.Undo!.Expect<TState, TReply>(null);
        return this;
    }

    /// <summary>
    /// The reply that says the step cannot be taken back. From the last step (or the pivot) it means that everything stands, see
    /// <see cref="Saga{TState}.UndoRefused(Action{TState, string, WriteSet})"/>; from any other the undo is sent again, later,
    /// and in the end the saga is stuck.
    /// </summary>
    /// <param name="reason">A sentence for a person.</param>
    public SagaUndo<TState> RefusedBy<TReply>(Func<TReply, string> reason) where TReply : IMessage<TReply>
    {
        Plan.Undo!.ExpectRefusal(reason);
        return this;
    }

    /// <summary>How long to wait for a reply. After that the saga is stuck, until the reply comes late or an operator acts.</summary>
    public SagaUndo<TState> Within(TimeSpan deadline)
    {
        Plan.Undo!.Within = deadline;
        return this;
    }
}

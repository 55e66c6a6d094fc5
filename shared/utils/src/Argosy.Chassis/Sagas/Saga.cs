using Argosy.Chassis.Store;

namespace Argosy.Chassis.Sagas;

/// <summary>A list of steps that are all done, or all undone: the part of it that needs no state type.</summary>
public abstract class Saga
{
    private protected Saga(string type) => Type = type;

    /// <summary>The kind of saga, e.g. <c>checkout</c>; with the subject it makes the id, <c>checkout/&lt;order id&gt;</c>.</summary>
    public string Type { get; }

    /// <summary>The steps as the engine reads them.</summary>
    /// <exception cref="InvalidOperationException">The list cannot run; the message says everything that is missing.</exception>
    internal abstract SagaDefinition Definition { get; }

    /// <summary>The id of the saga about a subject.</summary>
    public string IdOf(string subject) => $"{Type}/{subject}";
}

/// <summary>
/// A saga is written as a list that reads like one: for every step the command that does it, the replies that end it, and the
/// command that takes it back. Refusal, timeout and cancellation undo what was started, in reverse.
/// </summary>
/// <typeparam name="TState">What the commands are made from; kept as JSON, so it must survive System.Text.Json.</typeparam>
/// <example><code>
/// new Saga&lt;CheckoutState&gt;("checkout")
///     .Step("reserve stock")
///         .Do(o => new ReserveStock { … }).Succeeds&lt;StockReserved&gt;().Fails&lt;StockRejected&gt;(m => m.Reason).Within(Seconds(30))
///         .Undo(o => new ReleaseStock { … }).Until&lt;StockReleased&gt;().Within(Seconds(30))
///     .Completed((o, work) => …)
///     .Compensated((o, reason, work) => …);
/// </code></example>
public sealed class Saga<TState> : Saga where TState : class
{
    private readonly List<StepPlan> _steps = [];
    private readonly Lazy<SagaDefinition> _definition;
    private readonly SagaCallbacks _callbacks = new();
    private int _undoAttempts = 5;

    /// <summary>Begins the list.</summary>
    /// <param name="type">Lower-case letters, digits and hyphens.</param>
    public Saga(string type) : base(type) =>
        _definition = new(() => SagaValidation.Build(Type, typeof(TState), _steps, _callbacks, _undoAttempts));

    internal override SagaDefinition Definition => _definition.Value;

    /// <summary>
    /// Begins the saga about a subject, which is the key of all its messages: its rows, the first step and its command go into
    /// the write set. There is one saga of a type about a subject, ever; a second one is a conflict.
    /// </summary>
    public void Start(WriteSet work, string subject, TState state) => SagaRun.Start(work, Definition, IdOf(subject), state);

    /// <summary>
    /// Undoes a saga that runs or is completed. Cancelling one that is being undone, or has been, changes nothing.
    /// </summary>
    /// <returns>Null, or why not: 404 <c>saga.unknown</c>, 409 <c>saga.pivot</c> behind the point of no return.</returns>
    public async Task<Problem?> CancelAsync(WriteSet work, IStore store, string subject, string reason, CancellationToken cancellation)
    {
        var outcome = await SagaRun.ApplyAsync(store, Definition, IdOf(subject), new SagaInput.CancelRequested(reason), work, cancellation);
        return (outcome as SagaOutcome.Refused)?.Problem;
    }

    /// <summary>Adds the next step. Its name is for people, in the present tense: <c>reserve stock</c>.</summary>
    public SagaStepName<TState> Step(string name)
    {
        var step = new StepPlan(_steps.Count + 1, name);
        _steps.Add(step);
        return new SagaStepName<TState>(this, step);
    }

    /// <summary>How often an undo that is refused is sent before the saga is stuck. Default 5, at least 1.</summary>
    public Saga<TState> UndoAttempts(int attempts)
    {
        _undoAttempts = attempts;
        return this;
    }

    /// <summary>Runs in the commit in which the last step succeeded.</summary>
    public Saga<TState> Completed(Action<TState, WriteSet> callback) =>
        Completed((state, work, _, _) => Done(() => callback(state, work)));

    /// <summary>As above; it may read from the store, never write to it but through the write set.</summary>
    public Saga<TState> Completed(Func<TState, WriteSet, IStore, CancellationToken, Task> callback)
    {
        _callbacks.Set(SagaCallback.Completed, (state, _, work, store, ct) => callback((TState)state, work, store, ct));
        return this;
    }

    /// <summary>Runs in the commit in which the last undo was done; the reason is the first refusal, timeout or cancellation.</summary>
    public Saga<TState> Compensated(Action<TState, string, WriteSet> callback) =>
        Compensated((state, reason, work, _, _) => Done(() => callback(state, reason, work)));

    /// <summary>As above; it may read from the store.</summary>
    public Saga<TState> Compensated(Func<TState, string, WriteSet, IStore, CancellationToken, Task> callback)
    {
        _callbacks.Set(SagaCallback.Compensated, Typed(callback));
        return this;
    }

    /// <summary>
    /// Runs when the last step (or the pivot) could not be taken back, and therefore everything stands: the saga is completed
    /// (or goes on behind the pivot). For a saga that had not been completed before, this runs <em>instead of</em>
    /// <see cref="Completed(Action{TState, WriteSet})"/>. The reason is the participant's.
    /// </summary>
    public Saga<TState> UndoRefused(Action<TState, string, WriteSet> callback) =>
        UndoRefused((state, reason, work, _, _) => Done(() => callback(state, reason, work)));

    /// <summary>As above; it may read from the store.</summary>
    public Saga<TState> UndoRefused(Func<TState, string, WriteSet, IStore, CancellationToken, Task> callback)
    {
        _callbacks.Set(SagaCallback.UndoRefused, Typed(callback));
        return this;
    }

    /// <summary>Runs when an undo failed for good and an operator is needed. Optional. The reason says which undo and why.</summary>
    public Saga<TState> Stuck(Action<TState, string, WriteSet> callback) =>
        Stuck((state, reason, work, _, _) => Done(() => callback(state, reason, work)));

    /// <summary>As above; it may read from the store.</summary>
    public Saga<TState> Stuck(Func<TState, string, WriteSet, IStore, CancellationToken, Task> callback)
    {
        _callbacks.Set(SagaCallback.Stuck, Typed(callback));
        return this;
    }

    private static Func<object, string, WriteSet, IStore, CancellationToken, Task> Typed(
        Func<TState, string, WriteSet, IStore, CancellationToken, Task> callback) =>
        (state, reason, work, store, ct) => callback((TState)state, reason, work, store, ct);

    private static Task Done(Action action)
    {
        action();
        return Task.CompletedTask;
    }
}

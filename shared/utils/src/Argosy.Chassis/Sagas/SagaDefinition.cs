using System.Text.Json;
using Argosy.Chassis.EventStore;
using Argosy.Chassis.Store;
using Google.Protobuf;

namespace Argosy.Chassis.Sagas;

/// <summary>A saga's list of steps, validated, with the state type erased: what the engine reads.</summary>
internal sealed class SagaDefinition(string type, Type stateType, IReadOnlyList<StepPlan> steps, SagaCallbacks callbacks, int undoAttempts)
{
    public string Type { get; } = type;

    public Type StateType { get; } = stateType;

    public IReadOnlyList<StepPlan> Steps { get; } = steps;

    public SagaCallbacks Callbacks { get; } = callbacks;

    /// <summary>How often an undo that is refused is sent.</summary>
    public int UndoAttempts { get; } = undoAttempts;

    public StepPlan? Pivot { get; } = steps.FirstOrDefault(step => step.Pivot);

    public StepPlan Step(int number) => Steps[number - 1];

    public CommandPlan? Command(int number, SagaDirection direction) =>
        number < 1 || number > Steps.Count ? null : direction == SagaDirection.Do ? Step(number).Do : Step(number).Undo;

    /// <summary>The wait before an undo that was refused is sent again: 1 s, doubled each time, at most a minute.</summary>
    public static TimeSpan Backoff(int attempt) => TimeSpan.FromSeconds(Math.Min(60, Math.Pow(2, Math.Min(attempt, 10) - 1)));

    public JsonElement Write(object state) => JsonSerializer.SerializeToElement(state, StateType, EventJson.Options);

    public object Read(JsonElement state) => state.Deserialize(StateType, EventJson.Options)
        ?? throw new JsonException($"The state of a {Type} saga is null.");
}

/// <summary>One step. Numbers begin at 1.</summary>
internal sealed class StepPlan(int number, string name)
{
    public int Number { get; } = number;

    public string Name { get; } = name;

    public CommandPlan Do { get; } = new();

    public CommandPlan? Undo { get; set; }

    public bool Pivot { get; set; }

    public bool Retriable { get; set; }
}

/// <summary>A command, the replies that end the wait for it, and the end of patience.</summary>
internal sealed class CommandPlan
{
    private readonly List<ReplyPlan> _replies = [];

    /// <summary>Makes the command from the state and, when undoing, the reason.</summary>
    public Func<object, string, IMessage>? Command { get; set; }

    /// <summary>The class of what <see cref="Command"/> makes.</summary>
    public Type? CommandType { get; set; }

    public TimeSpan? Within { get; set; }

    public IReadOnlyList<ReplyPlan> Replies => _replies;

    public ReplyPlan? ReplyOf(IMessage message) => _replies.FirstOrDefault(reply => reply.Type == message.GetType());

    public void Expect<TState, TReply>(Func<TState, TReply, TState>? apply) where TState : class where TReply : IMessage<TReply> =>
        _replies.Add(new ReplyPlan(
            typeof(TReply), apply is null ? (state, _) => state : (state, reply) => apply((TState)state, (TReply)reply), null));

    public void ExpectRefusal<TReply>(Func<TReply, string> reason) where TReply : IMessage<TReply> =>
        _replies.Add(new ReplyPlan(typeof(TReply), (state, _) => state, reply => reason((TReply)reply)));
}

/// <summary>A reply that ends a wait; with a reason, if it is a refusal.</summary>
internal sealed record ReplyPlan(Type Type, Func<object, IMessage, object> Apply, Func<IMessage, string>? Reason);

/// <summary>What the owner of a saga wants to hear of.</summary>
internal enum SagaCallback
{
    None,
    Completed,
    Compensated,
    UndoRefused,
    Stuck,
}

/// <summary>The owner's code, run in the commit of the move that it is told of.</summary>
internal sealed class SagaCallbacks
{
    private readonly Dictionary<SagaCallback, Func<object, string, WriteSet, IStore, CancellationToken, Task>> _callbacks = [];

    public void Set(SagaCallback kind, Func<object, string, WriteSet, IStore, CancellationToken, Task> callback) =>
        _callbacks[kind] = callback;

    public bool Has(SagaCallback kind) => _callbacks.ContainsKey(kind);

    public Task RunAsync(SagaCallback kind, object state, string reason, WriteSet work, IStore store, CancellationToken ct) =>
        _callbacks.TryGetValue(kind, out var callback) ? callback(state, reason, work, store, ct) : Task.CompletedTask;
}

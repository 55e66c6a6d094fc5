using System.Collections.Immutable;
using Google.Protobuf;

namespace Argosy.Chassis.Sagas;

/// <summary>What can happen to a saga.</summary>
internal abstract record SagaInput
{
    /// <summary>Somebody begins it.</summary>
    public sealed record Started(string Id, object Data) : SagaInput;

    /// <summary>A participant answers a command.</summary>
    public sealed record Replied(SagaStepTag Tag, IMessage Message) : SagaInput;

    /// <summary>The due time of a step's row may have come.</summary>
    public sealed record DeadlineReached(int Step, SagaDirection Direction) : SagaInput;

    /// <summary>Its owner wants it undone.</summary>
    public sealed record CancelRequested(string Reason) : SagaInput;

    /// <summary>An operator acts on a step that does not end by itself.</summary>
    public sealed record Operated(SagaOperation Operation) : SagaInput;
}

/// <summary>What an operator does about a step that does not end by itself: an undo, or a do that only waits.</summary>
/// <param name="Action">What.</param>
/// <param name="By">Who.</param>
/// <param name="Note">Why; it is kept in the audit trail.</param>
/// <param name="End">Where <see cref="SagaAction.Force"/> leaves it: <see cref="SagaState.Compensated"/> or <see cref="SagaState.Completed"/>.</param>
/// <param name="Version">The version that the operator has looked at; null where whatever it is now will do.</param>
public sealed record SagaOperation(SagaAction Action, string By, string Note, SagaState End = SagaState.Compensated, long? Version = null);

/// <summary>What an operator can do.</summary>
public enum SagaAction
{
    /// <summary>Send it again, as a new command.</summary>
    Retry,

    /// <summary>Take it as done: the operator has seen to it.</summary>
    Skip,

    /// <summary>End the saga: everything is taken as undone, or everything stands.</summary>
    Force,
}

/// <summary>What came of an input.</summary>
internal abstract record SagaOutcome
{
    /// <summary>It changes nothing, and that is fine: a repeat, a reply that is late.</summary>
    public sealed record Ignored(string Why) : SagaOutcome;

    /// <summary>It cannot be done, and the one who asked is told so.</summary>
    public sealed record Refused(Problem Problem) : SagaOutcome;

    /// <summary>The saga moves: all of this is one commit.</summary>
    /// <param name="After">The saga's row, one version on.</param>
    /// <param name="Rows">The step rows that are new or changed.</param>
    /// <param name="Commands">What leaves.</param>
    /// <param name="Callback">What the owner is told.</param>
    /// <param name="Reason">Why, where the callback takes a reason.</param>
    public sealed record Moved(
        SagaInstance After, ImmutableArray<StepRow> Rows, ImmutableArray<SagaCommand> Commands, SagaCallback Callback, string Reason)
        : SagaOutcome
    {
        /// <summary>What an operator did, and why, as it is kept for good.</summary>
        public SagaAudit? Audit { get; init; }
    }
}

/// <summary>A row of <c>sys_audit</c>.</summary>
internal sealed record SagaAudit(string Actor, SagaAction Action, string Detail);

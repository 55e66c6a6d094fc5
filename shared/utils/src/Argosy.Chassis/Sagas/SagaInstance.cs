using System.Collections.Immutable;
using Google.Protobuf;

namespace Argosy.Chassis.Sagas;

/// <summary>Where a saga is.</summary>
public enum SagaState
{
    /// <summary>A step is being done.</summary>
    Running,

    /// <summary>A step is being taken back.</summary>
    Compensating,

    /// <summary>Every step stands.</summary>
    Completed,

    /// <summary>Nothing that was started is left.</summary>
    Compensated,

    /// <summary>An undo failed for good: an operator is needed, unless its reply comes late.</summary>
    Stuck,
}

/// <summary>Which of a step's two commands.</summary>
public enum SagaDirection
{
    /// <summary>The way forward.</summary>
    Do,

    /// <summary>The way back.</summary>
    Undo,
}

/// <summary>How far a command of a step has come.</summary>
internal enum StepState
{
    /// <summary>Sent, no reply yet.</summary>
    Waiting,

    /// <summary>Done.</summary>
    Succeeded,

    /// <summary>The participant refused to do it, and so has done nothing.</summary>
    Failed,

    /// <summary>Given up on before a reply came: it may have been done, and may yet be.</summary>
    Doubtful,

    /// <summary>Taken back.</summary>
    Undone,

    /// <summary>The participant refused to take it back; with a due time, it is asked again then.</summary>
    Refused,

    /// <summary>No reply to the undo in time. One that comes late still counts.</summary>
    Overdue,

    /// <summary>An operator answered for it.</summary>
    Skipped,
}

/// <summary>The names that the tables, the metrics and the operators see.</summary>
internal static class SagaNames
{
    public static string ToText(this SagaState state) => state.ToString().ToLowerInvariant();

    public static string ToText(this StepState state) => state.ToString().ToLowerInvariant();

    public static string ToText(this SagaDirection direction) => direction == SagaDirection.Do ? "do" : "undo";
}

/// <summary>A row of <c>saga_step</c>. Its due time is a deadline while waiting, the next attempt when refused.</summary>
internal sealed record StepRow(
    int Step, SagaDirection Direction, StepState State, string Command, int Attempt, DateTimeOffset? Due, string? Error)
{
    /// <summary>A reply ends these, and only these.</summary>
    public bool Open => State is StepState.Waiting or StepState.Overdue;
}

/// <summary>A row of <c>saga</c> with its steps, as they were read or as a move has left them.</summary>
internal sealed record SagaInstance(string Id, SagaState State, long Version, int Step, object Data)
{
    /// <summary>Why the saga is, or was, undone: the first refusal, timeout or cancellation.</summary>
    public string Reason { get; init; } = "";

    /// <summary>What caused the start, saved: what is sent for a deadline belongs to the same trace and correlation.</summary>
    public string Origin { get; init; } = "";

    /// <summary>What it did and when, the oldest first; of a long life only the end.</summary>
    public ImmutableArray<SagaMoment> History { get; init; } = [];

    public ImmutableDictionary<(int Step, SagaDirection Direction), StepRow> Steps { get; init; } =
        ImmutableDictionary<(int, SagaDirection), StepRow>.Empty;

    public StepRow? Row(int step, SagaDirection direction) => Steps.GetValueOrDefault((step, direction));
}

/// <summary>One move of a saga as an operator reads it.</summary>
/// <param name="At">When, in Unix milliseconds.</param>
/// <param name="What">Each row that it changed.</param>
internal sealed record SagaMoment(long At, string What);

/// <summary>The header <c>sagastep</c>: <c>&lt;step&gt;/&lt;do|undo&gt;/&lt;attempt&gt;</c>. A reply carries its command's.</summary>
internal sealed record SagaStepTag(int Step, SagaDirection Direction, int Attempt)
{
    public override string ToString() => $"{Step}/{Direction.ToText()}/{Attempt}";

    public static SagaStepTag? Parse(string? text) =>
        text?.Split('/') is [var step, var direction and ("do" or "undo"), var attempt]
        && int.TryParse(step, out var number) && int.TryParse(attempt, out var times)
            ? new SagaStepTag(number, direction == "do" ? SagaDirection.Do : SagaDirection.Undo, times)
            : null;
}

/// <summary>A command that leaves with the commit of the move that made it.</summary>
/// <param name="Id">Derived from saga, step, direction and attempt: the same command always has the same id.</param>
/// <param name="Message">The command itself.</param>
/// <param name="Saga">The header <c>sagaid</c>.</param>
/// <param name="Tag">The header <c>sagastep</c>.</param>
/// <param name="Undoes">The ids of the do-commands that it takes back, so that one that arrives late has no effect.</param>
internal sealed record SagaCommand(string Id, IMessage Message, string Saga, SagaStepTag Tag, ImmutableArray<string> Undoes)
{
    public static string IdOf(string saga, SagaStepTag tag) => Ids.From($"{saga}/{tag}");
}

using Argosy.Chassis.Messaging;
using Argosy.Chassis.Store;

namespace Argosy.Chassis.Sagas;

/// <summary>A saga as an operator sees it.</summary>
/// <param name="Id">Type and subject, <c>checkout/…</c>.</param>
/// <param name="Type">The kind of saga.</param>
/// <param name="State"><c>running</c>, <c>compensating</c>, <c>completed</c>, <c>compensated</c> or <c>stuck</c>.</param>
/// <param name="Step">The name of the step that is being done or undone, or was last.</param>
/// <param name="Reason">Why it is undone; empty when it isn't.</param>
/// <param name="Version">Rises with every move: whoever acts on the saga says which one they have looked at.</param>
/// <param name="At">When it last moved.</param>
/// <param name="Steps">What became of each command, in the order of the steps.</param>
/// <param name="History">What it did, the oldest first; of a long life only the end.</param>
public sealed record SagaView(
    string Id, string Type, string State, string Step, string Reason, long Version, DateTimeOffset At, IReadOnlyList<SagaStepView> Steps, IReadOnlyList<SagaMomentView> History);

/// <summary>One move of a saga.</summary>
/// <param name="At">When.</param>
/// <param name="What">What became of which command.</param>
public sealed record SagaMomentView(DateTimeOffset At, string What);

/// <summary>One command of a saga as an operator sees it.</summary>
/// <param name="Step">The step's name.</param>
/// <param name="Direction"><c>do</c> or <c>undo</c>.</param>
/// <param name="State">How far it has come.</param>
/// <param name="Command">The command's type; empty where this build does not know the step.</param>
/// <param name="CommandId">Its id, by which the participant's logs and traces know it.</param>
/// <param name="Attempt">Counts from 1; rises when an undo is refused or an operator retries it.</param>
/// <param name="Due">Its deadline, or its next attempt.</param>
/// <param name="Error">What went wrong.</param>
public sealed record SagaStepView(string Step, string Direction, string State, string Command, string CommandId, int Attempt, DateTimeOffset? Due, string? Error);

/// <summary>How many sagas have not ended, by state.</summary>
internal sealed record OpenSagas(long Running, long Compensating, long Stuck);

/// <summary>What operators look at.</summary>
public sealed partial class SagaRouter
{
    private const string Urgency = "case state when 'stuck' then 0 else 1 end";
    private const string Open = "state not in ('completed', 'compensated')";

    /// <summary>Sagas of a state, or without one those that have not ended: the stuck first, then by their last move, the oldest first.</summary>
    public async Task<IReadOnlyList<SagaView>> ListAsync(IStore store, SagaState? state, int limit, CancellationToken cancellation)
    {
        var where = state is null ? Open : "state = @state";
        return await ReadAsync(
            store,
            $"(select * from saga where {where} order by {Urgency}, at, id limit @limit)",
            new { state = (state ?? default).ToText(), limit = (long)limit },
            cancellation);
    }

    /// <summary>How many sagas of a type have not ended, by state; of the first <paramref name="limit"/> of all types.</summary>
    internal static async Task<OpenSagas> CountOpenAsync(IStore store, string type, int limit, CancellationToken cancellation) => (await store.FirstOrDefaultAsync<OpenSagas>(
        $"""
        select coalesce(sum(case when state = 'running' then 1 else 0 end), 0) as Running,
               coalesce(sum(case when state = 'compensating' then 1 else 0 end), 0) as Compensating,
               coalesce(sum(case when state = 'stuck' then 1 else 0 end), 0) as Stuck
        from (select type, state from saga where {Open} limit @limit) as counted where type = @type
        """,
        new { type, limit = (long)limit }, cancellation))!;

    /// <summary>The index is for those that are open, and its condition has to stand here for it to be used.</summary>
    internal const string Standing = $"select at from saga where {Open} and state = 'running' and type = @type and at < @since order by at limit 1 offset @most";

    /// <summary>Whether more than <paramref name="most"/> sagas of a type are on their way forward and have not moved since.</summary>
    internal static async Task<bool> StandAsync(IStore store, string type, int most, DateTimeOffset since, CancellationToken cancellation) =>
        await store.FirstOrDefaultAsync<long?>(Standing, new { type, since = since.ToUnixTimeMilliseconds(), most = (long)most }, cancellation) is not null;

    /// <summary>One saga, or null.</summary>
    public async Task<SagaView?> FindAsync(IStore store, string id, CancellationToken cancellation) =>
        await ReadAsync(store, "(select * from saga where id = @id)", new { id }, cancellation) is [var saga] ? saga : null;

    private async Task<IReadOnlyList<SagaView>> ReadAsync(IStore store, string sagas, object args, CancellationToken cancellation)
    {
        var rows = await store.QueryAsync<ViewRow>(
            $"""
            select g.id as Id, g.type as Type, g.state as State, g.step as Step, g.version as Version, g.data as Data, g.at as At,
                   s.step as Number, s.direction as Direction, s.state as StepState, s.command as Command, s.attempt as Attempt, s.due as Due, s.error as Error
            from {sagas} g join saga_step s on s.saga = g.id order by case g.state when 'stuck' then 0 else 1 end, g.at, g.id, s.step, s.direction
            """,
            args,
            cancellation);
        return [.. rows.GroupBy(row => row.Id, StringComparer.Ordinal).Select(group => ToView([.. group]))];
    }

    private SagaView ToView(IReadOnlyList<ViewRow> rows)
    {
        var row = rows[0];
        var document = SagaDocument.Parse(row.Data);
        return new SagaView(
            row.Id, row.Type, row.State, NameOf(row.Type, row.Step), document.Reason, row.Version, At(row.At),
            [.. rows.Select(one => new SagaStepView(
                NameOf(one.Type, one.Number), one.Direction, one.StepState, CommandOf(one), one.Command, (int)one.Attempt, one.Due is { } due ? At(due) : null, one.Error))],
            [.. (document.History ?? []).Select(moment => new SagaMomentView(At(moment.At), moment.What))]);
    }

    // A saga of a type, or a step, that this build doesn't know any more is still shown.
    private string NameOf(string type, long step) =>
        _definitions.TryGetValue(type, out var saga) && step >= 1 && step <= saga.Steps.Count ? saga.Step((int)step).Name : $"step {step}";

    private string CommandOf(ViewRow row) =>
        _definitions.GetValueOrDefault(row.Type)?.Command((int)row.Number, SagaTable.Parse<SagaDirection>(row.Direction))?.CommandType is { } type ? MessageType.Of(type).Name : "";

    private static DateTimeOffset At(long milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);

    private sealed record ViewRow(
        string Id, string Type, string State, long Step, long Version, string Data, long At,
        long Number, string Direction, string StepState, string Command, long Attempt, long? Due, string? Error);
}

using Argosy.Chassis.Store;

namespace Argosy.Chassis.Sagas;

/// <summary>A saga as an operator sees it.</summary>
/// <param name="Id">Type and subject, <c>checkout/…</c>.</param>
/// <param name="Type">The kind of saga.</param>
/// <param name="State"><c>running</c>, <c>compensating</c>, <c>completed</c>, <c>compensated</c> or <c>stuck</c>.</param>
/// <param name="Step">The name of the step that is being done or undone, or was last.</param>
/// <param name="Reason">Why it is undone; empty when it isn't.</param>
/// <param name="At">When it last moved.</param>
/// <param name="Steps">What became of each command, in the order of the steps.</param>
public sealed record SagaView(
    string Id, string Type, string State, string Step, string Reason, DateTimeOffset At, IReadOnlyList<SagaStepView> Steps);

/// <summary>One command of a saga as an operator sees it.</summary>
/// <param name="Step">The step's name.</param>
/// <param name="Direction"><c>do</c> or <c>undo</c>.</param>
/// <param name="State">How far it has come.</param>
/// <param name="Attempt">Counts from 1; rises when an undo is refused or an operator retries it.</param>
/// <param name="Due">Its deadline, or its next attempt.</param>
/// <param name="Error">What went wrong.</param>
public sealed record SagaStepView(string Step, string Direction, string State, int Attempt, DateTimeOffset? Due, string? Error);

/// <summary>How many sagas have not ended, by state.</summary>
internal sealed record OpenSagas(long Running, long Compensating, long Stuck);

/// <summary>What operators look at.</summary>
public sealed partial class SagaRouter
{
    private const string Open = "state not in ('completed', 'compensated')";

    /// <summary>Sagas of a state, or without one those that have not ended, oldest move first.</summary>
    public async Task<IReadOnlyList<SagaView>> ListAsync(IStore store, SagaState? state, int limit, CancellationToken cancellation)
    {
        var where = state is null ? Open : "state = @state";
        return await ReadAsync(
            store,
            $"(select * from saga where {where} order by at, id limit @limit)",
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

    /// <summary>One saga, or null.</summary>
    public async Task<SagaView?> FindAsync(IStore store, string id, CancellationToken cancellation) =>
        await ReadAsync(store, "(select * from saga where id = @id)", new { id }, cancellation) is [var saga] ? saga : null;

    private async Task<IReadOnlyList<SagaView>> ReadAsync(IStore store, string sagas, object args, CancellationToken cancellation)
    {
        var rows = await store.QueryAsync<ViewRow>(
            $"""
            select g.id as Id, g.type as Type, g.state as State, g.step as Step, g.data as Data, g.at as At,
                   s.step as Number, s.direction as Direction, s.state as StepState, s.attempt as Attempt, s.due as Due, s.error as Error
            from {sagas} g join saga_step s on s.saga = g.id order by g.at, g.id, s.step, s.direction
            """,
            args,
            cancellation);
        return [.. rows.GroupBy(row => row.Id, StringComparer.Ordinal).Select(group => ToView([.. group]))];
    }

    private SagaView ToView(IReadOnlyList<ViewRow> rows)
    {
        var row = rows[0];
        return new SagaView(
            row.Id, row.Type, row.State, NameOf(row.Type, row.Step), SagaDocument.Parse(row.Data).Reason, At(row.At),
            [.. rows.Select(one => new SagaStepView(
                NameOf(one.Type, one.Number), one.Direction, one.StepState, (int)one.Attempt, one.Due is { } due ? At(due) : null, one.Error))]);
    }

    // A saga of a type, or a step, that this build doesn't know any more is still shown.
    private string NameOf(string type, long step) =>
        _definitions.TryGetValue(type, out var saga) && step >= 1 && step <= saga.Steps.Count ? saga.Step((int)step).Name : $"step {step}";

    private static DateTimeOffset At(long milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);

    private sealed record ViewRow(
        string Id, string Type, string State, long Step, string Data, long At,
        long Number, string Direction, string StepState, long Attempt, long? Due, string? Error);
}

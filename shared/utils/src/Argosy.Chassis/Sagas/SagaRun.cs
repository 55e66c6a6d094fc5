using Argosy.Chassis.Store;

namespace Argosy.Chassis.Sagas;

/// <summary>One input brought to one saga: read, decide, fill the write set. Whoever owns the write set commits it.</summary>
internal static class SagaRun
{
    public static async Task<SagaOutcome> ApplyAsync(
        IStore store, SagaDefinition definition, string id, SagaInput input, WriteSet work, CancellationToken cancellation)
    {
        using var span = SagaTelemetry.StartMove(definition.Type, id, input);
        var saga = await SagaTable.LoadAsync(store, definition, id, cancellation);
        var outcome = SagaEngine.Decide(definition, saga, input, work.Now);
        if (outcome is SagaOutcome.Moved move)
        {
            span?.SetTag("argosy.saga.state", move.After.State.ToText()).SetTag("argosy.saga.step", move.After.Step);
            SagaTable.Write(work, definition, move);
            SagaTelemetry.Count(work, definition.Type, move);
            await definition.Callbacks.RunAsync(move.Callback, move.After.Data, move.Reason, work, store, cancellation);
        }
        else if (input is SagaInput.CancelRequested && saga is not null)
        {
            // The caller decides something on the ground that the saga is being undone already, so that must still hold at commit.
            work.Require("select 1 from saga where id = @id and version = @version", new { id, version = saga.Version });
        }

        return outcome;
    }

    public static void Start(WriteSet work, SagaDefinition definition, string id, object state)
    {
        var move = (SagaOutcome.Moved)SagaEngine.Decide(definition, null, new SagaInput.Started(id, state), work.Now);
        move = move with { After = move.After with { Origin = work.Context.Save() } };
        SagaTable.Write(work, definition, move);
        SagaTelemetry.Count(work, definition.Type, move);
    }
}

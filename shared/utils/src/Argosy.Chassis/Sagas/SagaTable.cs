using System.Text.Json;
using Argosy.Chassis.EventStore;
using Argosy.Chassis.Messaging;
using Argosy.Chassis.Store;

namespace Argosy.Chassis.Sagas;

/// <summary>What the column <c>saga.data</c> holds.</summary>
/// <param name="State">The owner's state.</param>
/// <param name="Reason">Why it is undone; empty when it isn't.</param>
/// <param name="Origin">What caused the start.</param>
/// <param name="History">What it did; null where it was written before there was one.</param>
internal sealed record SagaDocument(JsonElement State, string Reason, string Origin, IReadOnlyList<SagaMoment>? History = null)
{
    public static SagaDocument Parse(string data) => JsonSerializer.Deserialize<SagaDocument>(data, EventJson.Options)
        ?? throw new JsonException("A stored saga is null.");

    public override string ToString() => JsonSerializer.Serialize(this, EventJson.Options);
}

/// <summary>The tables <c>saga</c> and <c>saga_step</c>: read in one query, so that a saga and its steps are of one instant.</summary>
internal static class SagaTable
{
    private const string Select =
        """
        select g.id as Id, g.state as State, g.version as Version, g.step as Step, g.data as Data,
               s.step as Number, s.direction as Direction, s.state as StepState, s.command as Command, s.attempt as Attempt,
               s.due as Due, s.error as Error
        from saga g join saga_step s on s.saga = g.id where g.id = @id
        """;

    public static async Task<SagaInstance?> LoadAsync(IStore store, SagaDefinition definition, string id, CancellationToken cancellation)
    {
        var rows = await store.QueryAsync<SagaRow>(Select, new { id }, cancellation);
        if (rows.Count == 0)
        {
            return null;
        }

        var document = SagaDocument.Parse(rows[0].Data);
        var saga = new SagaInstance(
            id, Parse<SagaState>(rows[0].State), rows[0].Version, (int)rows[0].Step, definition.Read(document.State))
        {
            Reason = document.Reason,
            Origin = document.Origin,
            History = [.. document.History ?? []],
        };
        return saga with { Steps = saga.Steps.SetItems(rows.Select(row => row.ToStep()).Select(step => KeyValuePair.Create((step.Step, step.Direction), step))) };
    }

    /// <summary>Puts a move into a write set: the saga by compare-and-set of its version, its steps, what leaves, what is audited.</summary>
    public static void Write(WriteSet work, SagaDefinition definition, SagaOutcome.Moved move)
    {
        var saga = move.After;
        var data = new SagaDocument(definition.Write(saga.Data), saga.Reason, saga.Origin, saga.History).ToString();
        work.Execute(
            saga.Version == 1
                ? "insert into saga (id, type, state, version, step, data, at) values (@id, @type, @state, @version, @step, @data, @at) on conflict (id) do nothing"
                : "update saga set type = @type, state = @state, version = @version, step = @step, data = @data, at = @at where id = @id and version = @version - 1",
            new { id = saga.Id, type = definition.Type, state = saga.State.ToText(), version = saga.Version, step = (long)saga.Step, data, at = work.NowMilliseconds },
            rows: 1);
        foreach (var row in move.Rows)
        {
            WriteStep(work, saga.Id, row);
        }

        foreach (var command in move.Commands)
        {
            Send(work, command);
        }

        if (move.Audit is { } audit)
        {
            work.Audit(audit.Actor, $"saga.{audit.Action}".ToLowerInvariant(), saga.Id, audit.Detail);
        }
    }

    private static void WriteStep(WriteSet work, string saga, StepRow row) => work.Execute(
        """
        insert into saga_step (saga, step, direction, state, command, attempt, due, error)
        values (@saga, @step, @direction, @state, @command, @attempt, @due, @error)
        on conflict (saga, step, direction) do update set
            state = excluded.state, command = excluded.command, attempt = excluded.attempt, due = excluded.due, error = excluded.error
        """,
        new
        {
            saga,
            step = (long)row.Step,
            direction = row.Direction.ToText(),
            state = row.State.ToText(),
            command = row.Command,
            attempt = (long)row.Attempt,
            due = row.Due?.ToUnixTimeMilliseconds(),
            error = row.Error,
        },
        rows: 1);

    private static void Send(WriteSet work, SagaCommand command)
    {
        // Commands and replies of a saga keep their order only because they share a key: its subject.
        var key = MessageType.Of(command.Message).KeyOf(command.Message);
        if (!command.Saga.EndsWith($"/{key}", StringComparison.Ordinal))
        {
            throw new InvalidOperationException(
                $"{command.Message.Descriptor.FullName} of saga {command.Saga} is keyed '{key}': every command is keyed by the saga's subject.");
        }

        work.Publish(command.Message, command.Id, work.Context.Cause() with
        {
            SagaId = command.Saga,
            SagaStep = command.Tag.ToString(),
            Undoes = command.Undoes.IsEmpty ? null : string.Join(',', command.Undoes),
        });
    }

    public static T Parse<T>(string text) where T : struct, Enum => Enum.Parse<T>(text, ignoreCase: true);

    private sealed record SagaRow(
        string Id, string State, long Version, long Step, string Data,
        long Number, string Direction, string StepState, string Command, long Attempt, long? Due, string? Error)
    {
        public StepRow ToStep() => new(
            (int)Number,
            Parse<SagaDirection>(Direction),
            Parse<StepState>(StepState),
            Command,
            (int)Attempt,
            Due is { } due ? DateTimeOffset.FromUnixTimeMilliseconds(due) : null,
            Error);
    }
}

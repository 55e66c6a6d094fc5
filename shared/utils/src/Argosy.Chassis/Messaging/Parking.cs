using Argosy.Chassis.Store;
using Google.Protobuf;

namespace Argosy.Chassis.Messaging;

/// <summary>Why a message waits in <c>bus_parked</c>.</summary>
internal static class ParkedState
{
    public const string Scheduled = "scheduled";
    public const string Retry = "retry";
    public const string Dead = "dead";
}

/// <summary>A parked message.</summary>
internal sealed record ParkedRow(string Id, string Type, string Key, string State, long? Due, long Attempts, string? Error, byte[] Envelope);

/// <summary>How many messages are parked, by state.</summary>
internal sealed record ParkedCounts(long Scheduled, long Retry, long Dead);

/// <summary>
/// Messages that cannot run now: scheduled for later, waiting for another try, or dead until an operator decides. The lowest
/// <c>ord</c> of a key is its head; that the others are blocked is derived, never stored.
/// </summary>
internal static class Parking
{
    private const string Columns = "id as Id, type as Type, key as Key, state as State, due as Due, attempts as Attempts, error as Error, envelope as Envelope";

    public static Statement Schedule(Envelope envelope, DateTimeOffset due) => Insert(envelope, ParkedState.Scheduled, due, 0, null);

    public static Statement Insert(Envelope envelope, string state, DateTimeOffset? due, int attempts, string? error) => new(
        "insert into bus_parked (id, type, key, state, due, attempts, error, envelope) values (@id, @type, @key, @state, @due, @attempts, @error, @envelope) on conflict (id) do nothing",
        new
        {
            id = envelope.Id,
            type = envelope.Type,
            key = envelope.Key,
            state,
            due = due?.ToUnixTimeMilliseconds(),
            attempts = (long)attempts,
            error,
            envelope = envelope.ToCloudEvent().ToByteArray(),
        }, 1, Mismatch.Duplicate);

    /// <summary>Records a failed try; guarded by the state and the number of tries that it saw, so that an operator's word in between stands.</summary>
    public static Statement Failed(string id, string from, int attemptsSeen, string state, DateTimeOffset? due, string error) => new(
        "update bus_parked set state = @state, due = @due, attempts = attempts + 1, error = @error where id = @id and state = @seen and attempts = @attempts",
        new { id, state, due = due?.ToUnixTimeMilliseconds(), error, attempts = (long)attemptsSeen, seen = from }, 1, Mismatch.Duplicate);

    /// <summary>The message has had its effect: the row goes in the same commit. Gone already means that somebody else decided.</summary>
    public static Statement Remove(string id) => new("delete from bus_parked where id = @id", new { id }, 1, Mismatch.Duplicate);

    /// <summary>An undo overtakes the parked do.</summary>
    public static Statement Discard(string id) => new("delete from bus_parked where id = @id", new { id }, null);

    /// <summary>
    /// What may run now: due heads of their keys, and due scheduled messages whose key nothing blocks. What another version of the service
    /// handles is left to that one.
    /// </summary>
    public static Task<IReadOnlyList<ParkedRow>> DueAsync(IStore store, string handled, DateTimeOffset now, int limit, CancellationToken cancellation) => store.QueryAsync<ParkedRow>(
        $"""
        select {Columns} from bus_parked p
        where p.due <= @now and p.state in ('retry', 'scheduled') and @handled like '%;' || p.type || ';%'
          and not exists (select 1 from bus_parked q where q.key = p.key and q.state in ('retry', 'dead') and q.ord < p.ord and p.state = 'retry')
          and not exists (select 1 from bus_parked q where q.key = p.key and q.state in ('retry', 'dead') and p.state = 'scheduled')
        order by p.due, p.ord limit @limit
        """,
        new { handled, now = now.ToUnixTimeMilliseconds(), limit = (long)limit }, cancellation);

    /// <summary>
    /// What waits for an operator: the dead, and what this version of the service does not handle. Only of a type, by its full name or
    /// its last words, and with a part of the error, where those are not empty.
    /// </summary>
    public static Task<IReadOnlyList<ParkedRow>> DeadAsync(IStore store, string handled, string type, string error, int limit, CancellationToken cancellation) => store.QueryAsync<ParkedRow>(
        $"""
        select {Columns} from bus_parked
        where (state = 'dead' or (state = 'retry' and not @handled like '%;' || type || ';%'))
          and (@type = '' or type = @type or substr(type, length(type) - length(@type)) = '.' || @type)
          and (@error = '' or replace(error, @error, '') <> error)
        order by ord limit @limit
        """,
        new { handled, type, error, limit = (long)limit }, cancellation);

    /// <summary>How many wait in each state, counted up to <paramref name="limit"/> in all.</summary>
    public static async Task<ParkedCounts> CountAsync(IStore store, int limit, CancellationToken cancellation) => (await store.FirstOrDefaultAsync<ParkedCounts>(
        """
        select coalesce(sum(case when state = 'scheduled' then 1 else 0 end), 0) as Scheduled,
               coalesce(sum(case when state = 'retry' then 1 else 0 end), 0) as Retry,
               coalesce(sum(case when state = 'dead' then 1 else 0 end), 0) as Dead
        from (select state from bus_parked order by ord limit @limit) as counted
        """,
        new { limit = (long)limit }, cancellation))!;

    public static Task<ParkedRow?> FindAsync(IStore store, string id, CancellationToken cancellation) => store.FirstOrDefaultAsync<ParkedRow>(
        $"select {Columns} from bus_parked where id = @id", new { id }, cancellation);
}

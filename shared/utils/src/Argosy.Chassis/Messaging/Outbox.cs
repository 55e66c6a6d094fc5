using Argosy.Chassis.Store;
using Google.Protobuf;

namespace Argosy.Chassis.Messaging;

internal sealed record NewOutboxRow(string id, string type, string key, string headers, byte[] body, long at);

/// <summary>A row of the outbox, as the relay reads it.</summary>
internal sealed record OutboxRow(long Seq, string Id, string Type, string Key, string Headers, byte[] Body, long At)
{
    public Envelope ToEnvelope(string source) => new(
        Id, source, Type, Key, DateTimeOffset.FromUnixTimeMilliseconds(At), Envelope.ReadHeaders(Headers), UnsafeByteOperations.UnsafeWrap(Body));
}

/// <summary>What a subscriber has not taken.</summary>
/// <param name="Messages">How many.</param>
/// <param name="Oldest">When the oldest was published, in Unix milliseconds; 0 where there is none.</param>
internal sealed record Backlog(long Messages, long Oldest)
{
    public static Backlog Empty { get; } = new(0, 0);
}

/// <summary>The outbox is a log: rows are inserted in a commit, read by position, and deleted in batches below the lowest cursor.</summary>
internal static class Outbox
{
    public static Statement Insert(MessageType type, IMessage message, string id, MessageHeaders headers, DateTimeOffset now) => new(
        "insert into bus_outbox (id, type, key, headers, body, at) values (@id, @type, @key, @headers, @body, @at)",
        new NewOutboxRow(id, type.Name, type.KeyOf(message), Envelope.WriteHeaders(headers), message.ToByteArray(), now.ToUnixTimeMilliseconds()), 1);

    /// <summary>Messages after a position of the types that a subscriber handles, in commit order.</summary>
    public static Task<IReadOnlyList<OutboxRow>> ReadAsync(IStore store, long after, IReadOnlyList<string> types, int limit, CancellationToken cancellation) =>
        store.QueryAsync<OutboxRow>(
            $"select seq as Seq, id as Id, type as Type, key as Key, headers as Headers, body as Body, at as At from bus_outbox where seq > @after and type in ({InList(types)}) order by seq limit @limit",
            new { after, limit = (long)limit }, cancellation);

    /// <summary>
    /// Counts what a subscriber has not taken. It looks at the next <paramref name="limit"/> messages and no further: being asked how
    /// long the queue is must not cost more the longer it is.
    /// </summary>
    public static async Task<Backlog> BacklogAsync(IStore store, long after, IReadOnlyList<string> types, int limit, CancellationToken cancellation) =>
        (await store.FirstOrDefaultAsync<Backlog>(
            $"""
            select count(*) as Messages, coalesce(min(at), 0) as Oldest
            from (select type, at from bus_outbox where seq > @after order by seq limit @limit) as ahead where type in ({InList(types)})
            """,
            new { after, limit = (long)limit }, cancellation))!;

    /// <summary>The last position; 0 where nothing was ever published.</summary>
    public static async Task<long> HeadAsync(IStore store, CancellationToken cancellation) =>
        await store.FirstOrDefaultAsync<long?>("select max(seq) from bus_outbox", null, cancellation) ?? 0;

    // Type names come from catalog-info.yaml, are protobuf full names, and are checked to be nothing else.
    private static string InList(IReadOnlyList<string> types) =>
        string.Join(", ", types.Select(type => type.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_') ? $"'{type}'" : throw new ArgumentException($"'{type}' is no protobuf name.", nameof(types))));
}

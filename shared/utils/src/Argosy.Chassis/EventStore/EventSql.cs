using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Argosy.Chassis.Store;

namespace Argosy.Chassis.EventStore;

/// <summary>A stored event, as read.</summary>
public sealed record EventRow(long Position, string Stream, long Version, string Type, long SchemaVersion, string Data, string Meta, long At);

internal sealed record NewEvent(string stream, long version, string id, string type, int schema_version, string data, string meta, long at);

/// <summary>How events are written as JSON: camelCase, unknown members tolerated, since old readers meet new writers.</summary>
internal static class EventJson
{
    public static JsonSerializerOptions Options { get; } = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };
}

internal static class EventSql
{
    /// <summary>The stream moves from the expected version to the one after the last event, or the set is in conflict.</summary>
    public static Statement Advance(string stream, string type, long expected, int count) => expected == 0
        ? new Statement("insert into es_stream (id, type, version) values (@id, @type, @version) on conflict (id) do nothing",
            new { id = stream, type, version = (long)count }, 1)
        : new Statement("update es_stream set version = @version where id = @id and version = @expected",
            new { id = stream, version = expected + count, expected }, 1);

    public static Statement Insert(NewEvent row) => new(
        "insert into es_event (stream, version, id, type, schema_version, data, meta, at) values (@stream, @version, @id, @type, @schema_version, @data, @meta, @at)",
        row, 1);
}

/// <summary>Reading streams.</summary>
public static class EventReads
{
    private const string Columns = "position as Position, stream as Stream, version as Version, type as Type, schema_version as SchemaVersion, data as Data, meta as Meta, at as At";

    /// <summary>The aggregate as its events make it, and the version to expect when appending; version 0 where there is no stream.</summary>
    public static async Task<(TState State, long Version)> LoadAsync<TState, TEvent>(
        this IStore store, StreamType<TState, TEvent> type, string id, CancellationToken cancellation = default)
        where TEvent : notnull
    {
        var rows = await store.ReadStreamAsync(type, id, cancellation);
        return (type.Fold(rows), rows.Count == 0 ? 0 : rows[^1].Version);
    }

    /// <summary>The stored events of one aggregate, oldest first.</summary>
    public static Task<IReadOnlyList<EventRow>> ReadStreamAsync<TState, TEvent>(
        this IStore store, StreamType<TState, TEvent> type, string id, CancellationToken cancellation = default)
        where TEvent : notnull =>
        store.QueryAsync<EventRow>($"select {Columns} from es_event where stream = @stream order by version", new { stream = type.StreamId(id) }, cancellation);

    /// <summary>Events of all streams after a position, in commit order; what a reader that follows the store polls with.</summary>
    public static Task<IReadOnlyList<EventRow>> ReadAllAsync(this IStore store, long after, int limit, CancellationToken cancellation = default) =>
        store.QueryAsync<EventRow>($"select {Columns} from es_event where position > @after order by position limit @limit", new { after, limit = (long)limit }, cancellation);
}

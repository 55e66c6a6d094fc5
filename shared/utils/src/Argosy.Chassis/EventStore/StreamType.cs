using System.Text.Json;
using System.Text.Json.Nodes;
using Argosy.Chassis.Store;

namespace Argosy.Chassis.EventStore;

/// <summary>Turns the JSON of an older shape of an event into the next one; stored events are never rewritten.</summary>
/// <param name="from">The schema version the data was written with.</param>
/// <param name="data">The event as it was stored.</param>
public delegate JsonObject Upcaster(int from, JsonObject data);

/// <summary>
/// Brings a read model up to date with an event: in the event's own commit, and again whenever the read model is made anew, then in
/// another table. So it writes to <paramref name="table"/> and to nothing else, and decides by the event alone.
/// </summary>
/// <param name="table">Where the rows are.</param>
/// <param name="id">The aggregate.</param>
/// <param name="version">The event's.</param>
/// <param name="happened">The event.</param>
/// <param name="work">What is committed with it.</param>
public delegate void Projection<in TEvent>(string table, string id, long version, TEvent happened, WriteSet work);

/// <summary>
/// A kind of event stream: its name, its state before the first event, how an event changes the state, and what each event is
/// called in the database. Written once per aggregate, as a static property beside the rules.
/// </summary>
public sealed class StreamType<TState, TEvent>(string name, TState initial, Func<TState, TEvent, TState> evolve)
    where TEvent : notnull
{
    private readonly Dictionary<Type, Registered> _byType = [];
    private readonly Dictionary<string, Registered> _byName = new(StringComparer.Ordinal);
    private readonly List<Projected> _projections = [];

    /// <summary>What streams of this type begin with, for example <c>order</c>.</summary>
    public string Name { get; } = name;

    /// <summary>
    /// Registers an event under the name it is stored with. When its shape changes, raise <paramref name="schemaVersion"/> and say in
    /// <paramref name="upcast"/> how older data becomes the present shape.
    /// </summary>
    public StreamType<TState, TEvent> Event<T>(string eventName, int schemaVersion = 1, Upcaster? upcast = null)
        where T : TEvent
    {
        var registered = new Registered(typeof(T), eventName, schemaVersion, upcast);
        _byType.Add(registered.Type, registered);
        _byName.Add(eventName, registered);
        return this;
    }

    /// <summary>Adds a read model whose projection runs in the commit of every append.</summary>
    /// <param name="table">Its table, which is also its name.</param>
    /// <param name="key">The table's primary key, a text column: the stream's id, without its type.</param>
    /// <param name="projection">What an event does to the row of its stream, and to no other.</param>
    public StreamType<TState, TEvent> Projects(string table, string key, Projection<TEvent> projection)
    {
        _projections.Add(new Projected(this, table, key, projection));
        return this;
    }

    /// <summary>What is made from these events alone, and can be made anew.</summary>
    public IReadOnlyList<ReadModel> ReadModels => _projections;

    internal string StreamId(string id) => $"{Name}-{id}";

    internal TState Fold(IEnumerable<EventRow> rows)
    {
        var state = initial;
        foreach (var row in rows)
        {
            state = evolve(state, Read(row));
        }

        return state;
    }

    internal TEvent Read(EventRow row)
    {
        if (!_byName.TryGetValue(row.Type, out var registered))
        {
            throw new InvalidOperationException($"Event '{row.Type}' of stream '{row.Stream}' is not registered with stream type '{Name}': add .Event<…>(\"{row.Type}\").");
        }

        var written = (int)row.SchemaVersion;
        if (written == registered.SchemaVersion)
        {
            return (TEvent)JsonSerializer.Deserialize(row.Data, registered.Type, EventJson.Options)!;
        }

        if (written > registered.SchemaVersion || registered.Upcast is null)
        {
            throw new InvalidOperationException($"Event '{row.Type}' of stream '{row.Stream}' was written with schema version {written}, and this build reads {registered.SchemaVersion}.");
        }

        var data = JsonNode.Parse(row.Data)!.AsObject();
        for (var from = written; from < registered.SchemaVersion; from++)
        {
            data = registered.Upcast(from, data);
        }

        return (TEvent)data.Deserialize(registered.Type, EventJson.Options)!;
    }

    internal void Append(WriteSet work, string id, long expected, IReadOnlyList<TEvent> events)
    {
        var stream = StreamId(id);
        var meta = work.Context.EventMeta();
        work.Add(EventSql.Advance(stream, Name, expected, events.Count));
        for (var i = 0; i < events.Count; i++)
        {
            var happened = events[i];
            var version = expected + i + 1;
            if (!_byType.TryGetValue(happened.GetType(), out var registered))
            {
                throw new InvalidOperationException($"{happened.GetType().Name} is not registered with stream type '{Name}'.");
            }

            var data = JsonSerializer.Serialize(happened, registered.Type, EventJson.Options);
            work.Add(EventSql.Insert(new NewEvent(stream, version, Ids.From($"{stream}/{version}"), registered.Name, registered.SchemaVersion, data, meta, work.NowMilliseconds)));
            foreach (var project in _projections)
            {
                project.Apply(project.Table, id, version, happened, work);
            }
        }
    }

    private sealed class Projected(StreamType<TState, TEvent> type, string table, string key, Projection<TEvent> apply) : ReadModel(type.Name, table, key)
    {
        public Projection<TEvent> Apply { get; } = apply;

        internal override void Replay(EventRow row, string into, WriteSet work) => Apply(into, KeyOf(row), row.Version, type.Read(row), work);
    }

    private sealed record Registered(Type Type, string Name, int SchemaVersion, Upcaster? Upcast);
}

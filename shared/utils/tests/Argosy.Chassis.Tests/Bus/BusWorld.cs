using System.Collections.Concurrent;
using Argosy.Chassis.Messaging;
using Argosy.Chassis.Sqlite;
using Argosy.Chassis.Store;
using Argosy.Contracts.Inventory.V1;
using Argosy.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;

namespace Argosy.Chassis.Tests.Bus;

/// <summary>
/// Two services without their processes: one that publishes, one that writes down what it hears in the order in which it hears it. Each
/// has a database of its own; what lies between them is the bus under test.
/// </summary>
internal sealed class BusWorld : IAsyncDisposable
{
    public const string Sender = "inventory-service";
    public const string Receiver = "order-service";
    private const int Keys = 13;

    private readonly string _folder = Directory.CreateTempSubdirectory("argosy-bus-").FullName;
    private readonly Listener _listener = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly ParkedWorker _parked;
    private int _causes;
    private int _messages;

    private BusWorld()
    {
        (Outgoing, Incoming) = (Open("sender"), Open("receiver"));
        var handlers = new HandlerTable();
        handlers.AddClass(typeof(Listener));
        Inbox = new Inbox(Receiver, Incoming, handlers, new ServiceCollection().AddSingleton(_listener).BuildServiceProvider(), TimeProvider.System, new Random(1), NullLogger<Inbox>.Instance);
        _parked = new ParkedWorker(Incoming, Inbox, Lanes, TimeProvider.System, NullLogger<ParkedWorker>.Instance);
    }

    /// <summary>What the sender publishes and the receiver handles.</summary>
    public static IReadOnlyList<string> Types { get; } = [StockReserved.Descriptor.FullName];

    public SqliteStore Outgoing { get; }

    public SqliteStore Incoming { get; }

    public Lanes Lanes { get; } = new(16);

    public Inbox Inbox { get; }

    /// <summary>Keys whose messages cannot be handled.</summary>
    public ConcurrentDictionary<string, bool> Poison => _listener.Poison;

    public static async Task<BusWorld> OpenAsync()
    {
        var world = new BusWorld();
        await world.Outgoing.MigrateAsync([]);
        await world.Incoming.MigrateAsync([new Migration("bus.sql", "create table effect (n integer primary key autoincrement, key text not null, id text not null)")]);
        await world._parked.StartAsync(CancellationToken.None);
        return world;
    }

    /// <summary>Publishes messages, a few in each commit, over all keys.</summary>
    public async Task PublishAsync(int count)
    {
        for (var i = 0; i < count;)
        {
            var work = Work($"cause/{Interlocked.Increment(ref _causes)}");
            for (var j = 0; j < 3 && i < count; j++, i++)
            {
                work.Publish(new StockReserved { OrderId = $"key{Interlocked.Increment(ref _messages) % Keys}" });
            }

            (await Outgoing.CommitAsync(work)).Ensure();
        }
    }

    /// <summary>Publishes one message of another type, which nobody hears.</summary>
    public async Task PublishUnheardAsync()
    {
        var work = Work($"unheard/{Interlocked.Increment(ref _causes)}");
        work.Publish(new ItemPriced { Sku = "sku" });
        (await Outgoing.CommitAsync(work)).Ensure();
    }

    /// <summary>Waits until everything has had its effect, and looks whether it came once and in the order of each key.</summary>
    public async Task ShouldHaveHeardEverythingAsync(TimeSpan within)
    {
        var expected = ByKey(await Outgoing.QueryAsync<Row>("select key as Key, id as Id from bus_outbox where type = @type order by seq", new { type = Types[0] }));
        await Eventually.HoldsAsync(async () => await HeardAsync() >= expected.Values.Sum(ids => ids.Count), "everything was heard", within);
        var heard = ByKey(await Incoming.QueryAsync<Row>("select key as Key, id as Id from effect order by n"));
        heard.Keys.Order(StringComparer.Ordinal).ShouldBe(expected.Keys.Order(StringComparer.Ordinal));
        foreach (var (key, ids) in expected)
        {
            heard[key].ShouldBe(ids, key);
        }

        (await ParkedAsync()).ShouldBeEmpty();
    }

    public async Task<long> HeardAsync() => (await Incoming.QueryAsync<long>("select count(*) from effect"))[0];

    /// <summary>Keys, states and reasons of what is parked.</summary>
    public async Task<IReadOnlyList<ParkedRow>> ParkedAsync() =>
        await Incoming.QueryAsync<ParkedRow>("select id as Id, type as Type, key as Key, state as State, due as Due, attempts as Attempts, error as Error, envelope as Envelope from bus_parked order by ord");

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _parked.StopAsync(CancellationToken.None);
        _parked.Dispose();
        await Lanes.DisposeAsync();
        await Outgoing.DisposeAsync();
        await Incoming.DisposeAsync();
        _stop.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static WriteSet Work(string cause) => new(new MessageContext(cause, Sender, new MessageHeaders()), TimeProvider.System.GetUtcNow());

    private static Dictionary<string, List<string>> ByKey(IEnumerable<Row> rows) =>
        rows.GroupBy(row => row.Key, StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.Select(row => row.Id).ToList(), StringComparer.Ordinal);

    private SqliteStore Open(string name) => SqliteStore.Open(Path.Combine(_folder, $"{name}.db"), TimeProvider.System, NullLogger<SqliteStore>.Instance);

    private sealed record Row(string Key, string Id);

    internal sealed class Listener
    {
        public ConcurrentDictionary<string, bool> Poison { get; } = new(StringComparer.Ordinal);

        public Task Handle(StockReserved message, WriteSet work, CancellationToken cancellation)
        {
            if (Poison.ContainsKey(message.OrderId))
            {
                throw new InvalidOperationException($"{message.OrderId} is poison");
            }

            work.Execute("insert into effect (key, id) values (@key, @id)", new { key = message.OrderId, id = work.Context.Id }, rows: 1);
            return Task.CompletedTask;
        }
    }
}

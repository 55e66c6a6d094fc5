using System.Diagnostics;
using Argosy.Chassis.Messaging;
using Argosy.Chassis.Store;
using Argosy.Contracts.Inventory.V1;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Argosy.Performance;

/// <summary>Two services in this process, and the bus of production between them: one publishes, the other writes down what it hears.</summary>
internal sealed class BusPair : IAsyncDisposable
{
    private const int Callers = 32;
    private const int Keys = 64;
    private const int PerCommit = 3;
    private static readonly TimeSpan CarriedWithin = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(5);

    private readonly string _folder = Directory.CreateTempSubdirectory("argosy-bench-bus-").FullName;
    private IHost? _bus;
    private int _commits;

    private BusPair()
    {
        var handlers = new HandlerTable();
        handlers.AddClass(typeof(Listener));
        Sender = new BusEnd("inventory-service", _folder, new HandlerTable(), _ => { });
        Receiver = new BusEnd("order-service", _folder, handlers, services => services.AddSingleton<Listener>());
    }

    /// <summary>What is published and heard.</summary>
    public static IReadOnlyList<string> Types { get; } = [StockReserved.Descriptor.FullName];

    public BusEnd Sender { get; }

    public BusEnd Receiver { get; }

    /// <summary>Opens both databases, starts the bus, and waits until it has carried something.</summary>
    public static async Task<BusPair> OpenAsync(Func<BusPair, IHost> bus, CancellationToken cancellation)
    {
        var pair = new BusPair();
        await pair.Sender.Store.MigrateAsync([], cancellation);
        await pair.Receiver.Store.MigrateAsync([new Migration("bench.sql", "create table effect (n integer primary key autoincrement, key text not null, id text not null)")], cancellation);
        pair._bus = bus(pair);
        await pair._bus.StartAsync(cancellation);
        await pair.CarryAsync(PerCommit, cancellation);
        return pair;
    }

    /// <summary>
    /// Messages per second that are carried to their end: many publish as fast as their commits are answered, and the clock stops when
    /// the last message has had its effect.
    /// </summary>
    public async Task<double> CarryAsync(int messages, CancellationToken cancellation)
    {
        var sets = messages / PerCommit;
        var target = await HeardAsync(cancellation) + (sets * PerCommit);
        var next = 0;
        var clock = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, Callers).Select(_ => Task.Run(PublishAsync, cancellation)));
        while (await HeardAsync(cancellation) < target)
        {
            if (clock.Elapsed > CarriedWithin)
            {
                throw new TimeoutException($"{target - await HeardAsync(cancellation)} of {messages} messages had no effect within {CarriedWithin.TotalMinutes:N0} minutes.");
            }

            await Task.Delay(Look, cancellation);
        }

        return sets * PerCommit / clock.Elapsed.TotalSeconds;

        async Task PublishAsync()
        {
            while (Interlocked.Increment(ref next) <= sets)
            {
                await CommitAsync(cancellation);
            }
        }
    }

    /// <summary>One of the messages that were published, as it is sent.</summary>
    public async Task<Envelope> SampleAsync(CancellationToken cancellation) =>
        (await Outbox.ReadAsync(Sender.Store, 0, Types, 1, cancellation))[0].ToEnvelope(Sender.Service);

    public async ValueTask DisposeAsync()
    {
        if (_bus is not null)
        {
            await _bus.StopAsync();
            _bus.Dispose();
        }

        await Sender.DisposeAsync();
        await Receiver.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task CommitAsync(CancellationToken cancellation)
    {
        var number = Interlocked.Increment(ref _commits);
        var work = new WriteSet(new MessageContext($"bench/{number}", Sender.Service, new MessageHeaders()), TimeProvider.System.GetUtcNow());
        for (var i = 0; i < PerCommit; i++)
        {
            work.Publish(new StockReserved { OrderId = $"order-{((number * PerCommit) + i) % Keys}" });
        }

        (await Sender.Store.CommitAsync(work, cancellation)).Ensure();
    }

    // Each effect comes once and has the next number, so that nothing needs to be counted while it is measured.
    private async Task<long> HeardAsync(CancellationToken cancellation) =>
        await Receiver.Store.FirstOrDefaultAsync<long?>("select max(n) from effect", null, cancellation) ?? 0;

    internal sealed class Listener
    {
        public Task Handle(StockReserved message, WriteSet work, CancellationToken cancellation)
        {
            work.Execute("insert into effect (key, id) values (@key, @id)", new { key = message.OrderId, id = work.Context.Id }, rows: 1);
            return Task.CompletedTask;
        }
    }
}

using Argosy.Chassis.Messaging;
using Argosy.Chassis.Store;
using Argosy.Chassis.Tests.Store;
using Argosy.Contracts.Inventory.V1;
using Argosy.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Argosy.Chassis.Tests.Invariants;

/// <summary>An inbox with its lanes and its parking on a real store, and a handler that writes down what it handled, in its order.</summary>
internal sealed class Desk : IAsyncDisposable
{
    private readonly FreshStore _fresh;
    private readonly Lanes _lanes = new(8);
    private readonly Inbox _inbox;
    private readonly ParkedWorker _parked;
    private readonly Clerk _clerk;

    private Desk(FreshStore fresh, FakeTime time, Func<string, int, bool> fails)
    {
        (_fresh, Time) = (fresh, time);
        _clerk = new Clerk(fails);
        var handlers = new HandlerTable();
        handlers.AddClass(typeof(Clerk));
        _inbox = new Inbox("inventory-service", Store, handlers, new ServiceCollection().AddSingleton(_clerk).BuildServiceProvider(), Time, new Random(1), NullLogger<Inbox>.Instance);
        _parked = Worker(Store);
    }

    public FakeTime Time { get; }

    public IStore Store => _fresh.Store;

    /// <param name="fails">Whether the handler fails, by the message's id and how often it was tried before.</param>
    public static async Task<Desk> OpenAsync<TEngine>(Func<string, int, bool>? fails = null) where TEngine : IEngine
    {
        var time = new FakeTime();
        var fresh = await TEngine.OpenAsync(time, new Migration("desk.sql", "create table effect (n bigint not null, key text not null, id text not null)"));
        return new Desk(fresh, time, fails ?? ((_, _) => false));
    }

    public Envelope Message(string key, string id, string? undoes = null) =>
        Envelope.Of(new ReleaseStock { OrderId = key }, id, "order-service", new MessageHeaders { Undoes = undoes }, Time.GetUtcNow());

    public Task DeliverAsync(Envelope envelope) => _lanes.RunAsync(envelope.Key, cancellation => _inbox.ReceiveAsync(envelope, cancellation), CancellationToken.None);

    /// <summary>Runs parked messages by itself, once started, and looks for them in this store.</summary>
    public ParkedWorker Worker(IStore store) => new(store, _inbox, _lanes, Time, NullLogger<ParkedWorker>.Instance);

    /// <summary>Runs what is due now.</summary>
    public Task<int> RunDueAsync() => _parked.RunDueAsync(CancellationToken.None);

    /// <summary>Lets time pass until nothing is due any more.</summary>
    public async Task SettleAsync()
    {
        // What waits behind a dead letter waits for an operator.
        while (await CountAsync("bus_parked p where p.due is not null and not exists (select 1 from bus_parked q where q.key = p.key and q.state = 'dead' and q.ord < p.ord)") > 0)
        {
            Time.Advance(TimeSpan.FromSeconds(61));
            await RunDueAsync();
        }
    }

    public WriteSet Work(string cause) => new(new MessageContext(cause, "inventory-service", new MessageHeaders()), Time.GetUtcNow());

    public async Task<long> CountAsync(string table) => (await Store.QueryAsync<long>($"select count(*) from {table}"))[0];

    public Task<IReadOnlyList<string>> EffectsAsync(string key) => Store.QueryAsync<string>("select id from effect where key = @key order by n", new { key });

    public async ValueTask DisposeAsync()
    {
        await _lanes.DisposeAsync();
        await _fresh.DisposeAsync();
    }

    internal sealed class Clerk(Func<string, int, bool> fails)
    {
        private readonly Dictionary<string, int> _tries = new(StringComparer.Ordinal);

        public Task Handle(ReleaseStock message, WriteSet work, CancellationToken cancellation)
        {
            int tries;
            lock (_tries)
            {
                tries = _tries.GetValueOrDefault(work.Context.Id);
                _tries[work.Context.Id] = tries + 1;
            }

            if (fails(work.Context.Id, tries))
            {
                throw new InvalidOperationException($"{work.Context.Id} fails");
            }

            work.Execute("insert into effect (n, key, id) select coalesce(max(n), 0) + 1, @key, @id from effect", new { key = message.OrderId, id = work.Context.Id }, rows: 1);
            return Task.CompletedTask;
        }
    }
}

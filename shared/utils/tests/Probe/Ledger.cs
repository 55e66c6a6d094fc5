using Argosy.Chassis.EventStore;
using Argosy.Chassis.Hosting;
using Argosy.Chassis.Messaging;
using Argosy.Chassis.Store;
using Argosy.Contracts.Inventory.V1;

namespace Argosy.Probe;

/// <summary>Somebody asked for this entry.</summary>
internal sealed record Noted(string What);

/// <summary>What <c>GET /ledger</c> answers.</summary>
internal sealed record LedgerView(IReadOnlyList<string> Entries, long Errands, long Published);

/// <summary>
/// The smallest service with everything in it that can be interrupted, under inventory-service's name: entries in streams, asked for over
/// HTTP, by a message, or by a message that leaves an errand. Each entry is said on the bus. Tests kill it wherever it can be killed.
/// </summary>
internal static class Ledger
{
    public static StreamType<int, Noted> Stream { get; } = new StreamType<int, Noted>("ledger", 0, (count, _) => count + 1).Event<Noted>("noted");

    public static async Task RunAsync(string[] args)
    {
        var builder = WebApplication.CreateSlimBuilder(args);
        builder.AddArgosy("inventory-service").Handle<LedgerMessages>();
        builder.Services.AddSingleton<ErrandWorker>();
        builder.Services.AddHostedService(services => services.GetRequiredService<ErrandWorker>());
        var app = builder.Build();
        app.MapArgosy();
        app.MapPost("/streams/{stream}", NoteAsync).Writes(Idempotency.Required);
        app.MapGet("/ledger", ShowAsync);
        app.MapPost("/soak/{stream}", SoakAsync).AllowAnonymous();
        await app.RunArgosyAsync();
    }

    /// <summary>The entry and what is said of it.</summary>
    public static async Task AddAsync(string stream, string what, IStore store, WriteSet work, CancellationToken cancellation)
    {
        var (_, version) = await store.LoadAsync(Stream, stream, cancellation);
        work.Append(Stream, stream, version, new Noted(what));
        work.Publish(new StockReserved { OrderId = stream });
    }

    private static async Task<IResult> NoteAsync(string stream, Noted entry, IStore store, WriteSet work, CancellationToken cancellation)
    {
        await AddAsync(stream, entry.What, store, work, cancellation);
        return TypedResults.Accepted((string?)null, entry);
    }

    // Appends one event after the other to a stream that is this caller's alone; half of the write sets meet a conflict or fail after
    // their event was inserted. The answer is how long the stream is: a commit whose fate is unknown is looked up.
    private static async Task<IResult> SoakAsync(string stream, int tries, int seed, IStore store, TimeProvider time, CancellationToken cancellation)
    {
        var chance = new Random(seed);
        for (var i = 0; i < tries; i++)
        {
            try
            {
                var (_, version) = await store.LoadAsync(Stream, stream, cancellation);
                var work = new WriteSet(new MessageContext($"{stream}/{seed}/{i}", "soak", new MessageHeaders()), time.GetUtcNow());
                work.Append(Stream, stream, version, new Noted($"{seed}/{i}"));
                switch (chance.Next(4))
                {
                    case 0:
                        work.Require("select 1 from es_stream where id = 'nobody'");
                        break;
                    case 1:
                        work.Execute("insert into es_event (stream) values ('half')");
                        break;
                    default:
                        work.Publish(new StockReserved { OrderId = stream });
                        break;
                }

                await store.CommitAsync(work, cancellation);
            }
            catch (Exception e) when (store.IsTransient(e))
            {
                await Task.Delay(TimeSpan.FromMilliseconds(20), time, cancellation);
            }
        }

        while (true)
        {
            try
            {
                return TypedResults.Ok((await store.LoadAsync(Stream, stream, cancellation)).Version);
            }
            catch (Exception e) when (store.IsTransient(e))
            {
                await Task.Delay(TimeSpan.FromMilliseconds(20), time, cancellation);
            }
        }
    }

    private static async Task<IResult> ShowAsync(IStore store, CancellationToken cancellation) => TypedResults.Ok(new LedgerView(
        await store.QueryAsync<string>("select data from es_event order by position", null, cancellation),
        await store.FirstOrDefaultAsync<long>("select count(*) from errand", null, cancellation),
        await store.FirstOrDefaultAsync<long>("select count(*) from bus_outbox", null, cancellation)));
}

/// <summary>What it does when others speak.</summary>
internal sealed class LedgerMessages(IStore store, ErrandWorker errands)
{
    public Task Handle(ReserveStock message, WriteSet work, CancellationToken cancellation) =>
        Ledger.AddAsync(message.OrderId, work.Context.Id, store, work, cancellation);

    public Task Handle(ReleaseStock message, WriteSet work, CancellationToken cancellation)
    {
        work.Execute(
            "insert into errand (id, stream, due, attempts, context) values (@id, @stream, @now, 0, @context)",
            new { id = work.Context.Id, stream = message.OrderId, now = work.NowMilliseconds, context = work.Context.Save() }, rows: 1);
        work.OnCommitted(errands.Wake);
        return Task.CompletedTask;
    }
}

internal sealed record Errand(string Id, string Stream, long Attempts, string Context) : IIntent;

/// <summary>Runs errands: each leaves an entry.</summary>
internal sealed class ErrandWorker(IStore store, TimeProvider time, ILogger<ErrandWorker> log) : IntentWorker<Errand>(store, new IntentWorkerOptions(), time, log)
{
    private readonly IStore _store = store;

    protected override Task<IReadOnlyList<Errand>> DueAsync(long now, int limit, CancellationToken cancellation) => _store.QueryAsync<Errand>(
        "select id as Id, stream as Stream, attempts as Attempts, context as Context from errand where due <= @now order by due limit @limit", new { now, limit = (long)limit }, cancellation);

    protected override async Task RunAsync(Errand intent, CancellationToken cancellation)
    {
        var work = WorkFor(intent, "done");
        await Ledger.AddAsync(intent.Stream, intent.Id, _store, work, cancellation);
        work.Execute("delete from errand where id = @id", new { id = intent.Id }, rows: 1);
        (await _store.CommitAsync(work, cancellation)).Ensure();
    }

    protected override void Postpone(WriteSet work, Errand intent, DateTimeOffset dueAt, Exception error) => work.Execute(
        "update errand set attempts = attempts + 1, due = @due where id = @id and attempts = @attempts",
        new { id = intent.Id, due = dueAt.ToUnixTimeMilliseconds(), attempts = intent.Attempts }, rows: 1);
}

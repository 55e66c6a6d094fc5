using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Argosy.Cli.Access;
using Argosy.Cli.Processes;
using Argosy.Cli.Terminal;

namespace Argosy.Cli.Demo;

/// <param name="Orders">How many.</param>
/// <param name="Rate">Orders a second; null: as fast as they are carried.</param>
/// <param name="InFlight">How many may be under way at once.</param>
/// <param name="Seed">What decides everything that is left to chance.</param>
internal sealed record DemoOptions(int Orders, double? Rate, int InFlight, int Seed);

/// <summary>
/// Places orders of every kind, follows each to its end, then holds everybody's books against the list that it kept itself.
/// </summary>
internal sealed class DemoRun(Screen screen, TimeProvider time, DataFolder data, FleetState fleet, DemoOptions options)
{
    private const int RunNameLength = 7;
    private static readonly TimeSpan OrderPatience = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan BooksSettleWithin = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan BetweenReadings = TimeSpan.FromSeconds(1);

    public async Task<DemoResult> RunAsync(CancellationToken ct)
    {
        // Letters only: what has many digits may look like a card number, and those are refused wherever they appear.
        var run = RandomNumberGenerator.GetString("abcdefghijklmnopqrstuvwxyz", RunNameLength);
        var plan = DemoPlan.Create(run, options.Orders, options.Seed);
        using var gateway = new PatientHttp(fleet.Gateway, time);
        using var provider = new PatientHttp(fleet.UrlOf(Catalog.Provider) ?? throw new Refusal("there is no payment-provider in this fleet, whose ledger has to be read"), time);
        var accounts = new Accounts(data, gateway);
        using var admin = new Session(gateway, accounts, "admin");
        var customers = Enumerable.Range(1, plan.Customers).Select(i => new Session(gateway, accounts, $"demo-{run}-{i}@example.com")).ToList();
        try
        {
            await LogInAsync(customers, ct);
            await PutOnShelfAsync(plan, admin, ct);

            var began = Stopwatch.StartNew();
            var progress = new DemoProgress(screen, plan.Orders.Count);
            var records = await progress.ShowAsync(PlaceAsync(plan, customers, admin, progress, ct), ct);
            var seconds = began.Elapsed.TotalSeconds;

            var auditor = new Auditor(admin, customers, provider, Keys.Ensure(data, []).ProviderApiKey);
            var books = await ReconcileAsync(auditor, plan, records, ct);
            return new DemoResult(run, options.Seed, plan.Orders.Count, plan.Customers, seconds)
            {
                Outcomes = DemoResult.Classes(records),
                Total = DemoResult.Class("all", "", asItShould: true, records),
                Doubts = new Doubts(gateway.Lost + provider.Lost, gateway.Unsure + provider.Unsure),
                Books = books,
            };
        }
        finally
        {
            customers.ForEach(c => c.Dispose());
        }
    }

    // Hashing a password is meant to be slow, and auth-service turns away who would wait too long for it: one after the other.
    private static async Task LogInAsync(List<Session> customers, CancellationToken ct)
    {
        foreach (var customer in customers)
        {
            await customer.TokenAsync(refused: null, ct);
        }
    }

    private static async Task PutOnShelfAsync(DemoPlan plan, Session admin, CancellationToken ct)
    {
        foreach (var item in plan.Items)
        {
            var put = Ask.Put($"/api/v1/items/{item.Sku}", new NewItem(item.Name, new Money(item.Price, DemoPlan.Currency), item.Stock), DemoWire.Default.NewItem);
            var answer = await admin.AskAsync(put with { IdempotencyKey = $"put-{item.Sku}" }, OrderPatience, ct);
            if (!answer.IsSuccess)
            {
                throw new Refusal($"item {item.Sku} can't be put on the shelf: {answer}");
            }
        }
    }

    private async Task<IReadOnlyList<OrderRecord>> PlaceAsync(
        DemoPlan plan, List<Session> customers, Session admin, DemoProgress progress, CancellationToken ct)
    {
        var records = new ConcurrentBag<OrderRecord>();
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = options.InFlight, CancellationToken = ct };
        await Parallel.ForEachAsync(PacedAsync(plan.Orders, ct), parallel, async (order, stop) =>
        {
            var record = await new Journey(customers[order.Customer], admin, time, OrderPatience).GoAsync(order, _ => progress.Accepted(), stop);
            records.Add(record);
            progress.HasEnded(record);
        });
        return [.. records.OrderBy(r => r.Planned.Number)];
    }

    private async IAsyncEnumerable<PlannedOrder> PacedAsync(IReadOnlyList<PlannedOrder> orders, [EnumeratorCancellation] CancellationToken ct)
    {
        var began = time.GetTimestamp();
        for (var i = 0; i < orders.Count; i++)
        {
            if (options.Rate is { } rate && TimeSpan.FromSeconds(i / rate) - time.GetElapsedTime(began) is var wait && wait > TimeSpan.Zero)
            {
                await Task.Delay(wait, time, ct);
            }

            yield return orders[i];
        }
    }

    // An order has ended a moment before the last of its messages has arrived everywhere. Only what stays wrong is wrong.
    private async Task<IReadOnlyList<BookCheck>> ReconcileAsync(Auditor auditor, DemoPlan plan, IReadOnlyList<OrderRecord> records, CancellationToken ct)
    {
        var began = Stopwatch.StartNew();
        while (true)
        {
            var books = Books.Check(plan, records, await auditor.ReadAsync(plan, records, ct));
            if (books.All(b => b.AddsUp) || began.Elapsed > BooksSettleWithin)
            {
                return books;
            }

            await Task.Delay(BetweenReadings, time, ct);
        }
    }
}

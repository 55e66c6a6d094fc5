using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Argosy.Checker;
using Argosy.Checker.History;
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
/// Places orders of every kind, follows each to its end, and writes down what it is told; then the checker holds everybody's books
/// against that.
/// </summary>
internal sealed class DemoRun(Screen screen, TimeProvider time, DataFolder data, FleetState fleet, DemoOptions options)
{
    private const int RunNameLength = 7;
    private static readonly TimeSpan OrderPatience = TimeSpan.FromMinutes(5);

    public async Task<DemoResult> RunAsync(CancellationToken ct)
    {
        // Letters only: what has many digits may look like a card number, and those are refused wherever they appear.
        var run = RandomNumberGenerator.GetString("abcdefghijklmnopqrstuvwxyz", RunNameLength);
        var plan = DemoPlan.Create(run, options.Orders, options.Seed);
        using var gateway = PatientHttp.Gateway(fleet, data, time);
        var accounts = new Accounts(data, gateway);
        using var admin = new Session(gateway, accounts, "admin");
        var customers = Enumerable.Range(1, plan.Customers).Select(i => new Session(gateway, accounts, $"demo-{run}-{i}@example.com")).ToList();
        using var history = new HistoryWriter(data.NewHistory(run));
        var recorder = new Recorder(history, time);
        try
        {
            await LogInAsync(customers, ct);
            await PutOnShelfAsync(plan, admin, recorder, ct);

            var began = Stopwatch.StartNew();
            var progress = new DemoProgress(screen, plan.Orders.Count);
            var records = await progress.ShowAsync(PlaceAsync(plan, customers, admin, recorder, progress, ct), ct);
            var seconds = began.Elapsed.TotalSeconds;

            recorder.Healed();
            await new FinalReads(recorder, time, OrderPatience).ReadAsync(customers, admin, plan.Items, ct);
            var books = await CheckAsync(history.Path, ct);
            return new DemoResult(run, options.Seed, plan.Orders.Count, plan.Customers, seconds)
            {
                Outcomes = DemoResult.Classes(records),
                Total = DemoResult.Class("all", "", asItShould: true, records),
                Doubts = new Doubts(gateway.Lost, gateway.Unsure),
                Books = [.. Promises.Check(records), .. books],
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

    private static async Task PutOnShelfAsync(DemoPlan plan, Session admin, Recorder recorder, CancellationToken ct)
    {
        foreach (var item in plan.Items)
        {
            var put = Ask.Put($"/api/v1/items/{item.Sku}", new NewItem(item.Name, new Money(item.Price, DemoPlan.Currency), item.Stock), DemoWire.Default.NewItem);
            var about = Recorder.About(Act.Put) with { Sku = item.Sku, Stock = item.Stock };
            var answer = await recorder.AskAsync(admin, put with { IdempotencyKey = $"put-{item.Sku}" }, about, OrderPatience, ct);
            if (!answer.IsSuccess)
            {
                throw new Refusal($"item {item.Sku} can't be put on the shelf: {answer}");
            }
        }
    }

    private async Task<IReadOnlyList<OrderRecord>> PlaceAsync(
        DemoPlan plan, List<Session> customers, Session admin, Recorder recorder, DemoProgress progress, CancellationToken ct)
    {
        var records = new ConcurrentBag<OrderRecord>();
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = options.InFlight, CancellationToken = ct };
        await Parallel.ForEachAsync(PacedAsync(plan.Orders, ct), parallel, async (order, stop) =>
        {
            var record = await new Journey(customers[order.Customer], admin, recorder, time, OrderPatience).GoAsync(order, _ => progress.Accepted(), stop);
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

    private async Task<IReadOnlyList<BookResult>> CheckAsync(string history, CancellationToken ct)
    {
        try
        {
            return await Audit.RunAsync(data.Root, [history], Audit.RestWithin, time, ct);
        }
        catch (BadInputException e)
        {
            throw new Refusal($"the books can't be read: {e.Message}");
        }
    }
}

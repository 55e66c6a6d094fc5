using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using Argosy.Testing;
using Microsoft.Data.Sqlite;
using Shouldly;
using Xunit;

namespace Argosy.E2E.Stress;

/// <summary>Something is slow, full or dead: what needs it is worse, and nothing else is.</summary>
[Trait("on", "stress")]
public sealed class DegradationTests(Fleet fleet)
{
    private const string ReducedCapacity = "http-problem-types#temporary-reduced-capacity";
    private static readonly TimeSpan Within = TimeSpan.FromSeconds(60);

    // Less than anybody's patience with somebody who does not answer (10 s at the gateway).
    private static readonly TimeSpan Prompt = TimeSpan.FromSeconds(5);

    /// <summary>One that runs for a twentieth of the time, and one that stands still.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_slow_consumer_holds_up_nobody_but_who_waits_for_it(bool moves)
    {
        var (customer, sku) = (await fleet.CustomerAsync(), await fleet.ItemAsync(stock: 100));
        string[] ids;
        await using (moves ? new Crawling(fleet.PidOf("notification-service")!.Value) : await StoppedAsync("notification-service"))
        {
            ids = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => customer.PlacedAsync(Orders.Body(sku))));
            foreach (var id in ids)
            {
                await customer.BecomesAsync(id, "confirmed");
            }

            await WorksAsync(customer, "items", "users/me", "orders", $"payments?orderId={ids[0]}", $"shipments?orderId={ids[0]}");
        }

        await Eventually.HoldsAsync(
            async () => (await customer.GetStringAsync("/api/v1/notifications?limit=100")) is var told && ids.All(id => told.Contains(id, StringComparison.Ordinal)),
            "notifications that waited have come", Within);
    }

    [Fact]
    public async Task A_dead_provider_costs_payments_time_and_nothing_else()
    {
        var (customer, sku) = (await fleet.CustomerAsync(), await fleet.ItemAsync(stock: 100));
        string[] ids;
        await using (await StoppedAsync("payment-provider"))
        {
            ids = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => customer.PlacedAsync(Orders.Body(sku))));
            await fleet.StockBecomesAsync(sku, 90, 10, 0);
            await WorksAsync(customer, "items", "users/me", "orders", $"orders/{ids[0]}", $"payments?orderId={ids[0]}", "notifications");
            (await customer.PostAsync($"/api/v1/orders/{ids[^1]}/cancel", null)).StatusCode.ShouldBe(HttpStatusCode.Accepted);
        }

        foreach (var id in ids[..^1])
        {
            await customer.BecomesAsync(id, "confirmed");
            (await fleet.LedgerAsync(id)).ShouldBe([("capture", 1000)]);
        }

        await customer.BecomesAsync(ids[^1], "cancelled");
    }

    [Fact]
    public async Task A_provider_that_refuses_everything_is_asked_hardly_more_than_one_that_works()
    {
        const int Payments = 400;      // so many that twenty refusals until the breaker opens, and who is under way then, are few
        const int CallsEach = 2;       // of a provider that works: an intent is made, and confirmed
        var (customer, sku) = (await fleet.CustomerAsync(), await fleet.ItemAsync(stock: Payments));
        await TurnAsync(new { refuseRate = 1.0 });
        var before = await AskedAsync();
        var ids = new List<string>();
        long asked;
        try
        {
            foreach (var some in Enumerable.Range(0, Payments).Chunk(10))
            {
                ids.AddRange(await Task.WhenAll(some.Select(_ => customer.PlacedAsync(Orders.Body(sku)))));
            }

            await Eventually.HoldsAsync(async () => (await fleet.Admin.GetStringAsync(new Uri(fleet.AddressOf("payment-service"), "/admin/breakers"))).Contains("\"open\"", StringComparison.OrdinalIgnoreCase), "the breaker is open", Within);
            await fleet.StockBecomesAsync(sku, 0, Payments, 0);      // and every payment is wanted by now
            await WorksAsync(customer, "items", "users/me", "orders", $"orders/{ids[0]}", $"payments?orderId={ids[0]}", $"shipments?orderId={ids[0]}", "notifications");
            asked = await AskedAsync() - before;
        }
        finally
        {
            await TurnAsync(new { refuseRate = 0.0 });
        }

        foreach (var id in ids)
        {
            await customer.BecomesAsync(id, "confirmed");
        }

        var amplification = (double)(await AskedAsync() - before) / (Payments * CallsEach);
        TestContext.Current.TestOutputHelper!.WriteLine(string.Create(CultureInfo.InvariantCulture, $"asked {asked} times while it refused {Payments} payments, and {amplification:N2} times as often as one that works in all"));
        amplification.ShouldBeLessThanOrEqualTo(1.2);
    }

    [Fact]
    public async Task A_disk_that_hangs_costs_writes_and_not_reads()
    {
        var (customer, sku) = (await fleet.CustomerAsync(), await fleet.ItemAsync(stock: 1000));
        var known = await customer.PlacedAsync(Orders.Body(sku));
        await customer.BecomesAsync(known, "confirmed");
        var waiting = new List<Task<Told>>();
        var disk = new SqliteConnection($"Data Source={Path.Combine(fleet.Data, "services", "order-service", "order-service.db")};Pooling=false");
        try
        {
            // Nobody can commit while somebody else is in a transaction that writes.
            await disk.OpenAsync();
            await RunAsync(disk, "begin immediate");
            waiting.Add(Asker.AskAsync("the first", () => customer.PlaceAsync(Orders.Body(sku))));

            var refused = await Eventually.HasAsync(async () =>
            {
                var asked = Asker.AskAsync("another", () => customer.PlaceAsync(Orders.Body(sku)));
                waiting.Add(asked);
                await Task.WhenAny(asked, Task.Delay(TimeSpan.FromMilliseconds(100)));
                return asked.IsCompleted && (await asked) is { Status: 503 } one ? one : null;
            }, "a write is refused", TimeSpan.FromSeconds(4.5));
            refused.Body.ShouldContain(ReducedCapacity);
            refused.RetryAfter.ShouldNotBeNull();
            await WorksAsync(customer, "orders", $"orders/{known}", "items");
        }
        finally
        {
            await disk.DisposeAsync();      // and whatever it holds is given up
        }

        (await Task.WhenAll(waiting)).Where(one => one.Status is not (202 or 503)).ShouldBeEmpty();
        await customer.BecomesAsync(await customer.PlacedAsync(Orders.Body(sku)), "confirmed");
    }

    [Fact]
    public async Task A_full_disk_costs_its_service_s_writes_and_nothing_else()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only root can put a small disk under a running service.");
        var (customer, sku) = (await fleet.CustomerAsync(), await fleet.ItemAsync(stock: 1000));
        var known = await customer.PlacedAsync(Orders.Body(sku));
        await customer.BecomesAsync(known, "confirmed");
        await using var disk = await SmallDisk.UnderAsync(fleet, "order-service");
        var pid = fleet.PidOf("order-service");
        await disk.FillAsync();
        try
        {
            var refused = await Eventually.HasAsync(
                async () => await Asker.AskAsync("an order", () => customer.PlaceAsync(Orders.Body(sku))) is { Status: not 202 } one ? one : null, "an order does not fit", Within);
            refused.Status.ShouldBe(503, refused.ToString());
            refused.RetryAfter.ShouldNotBeNull();
            await WorksAsync(customer, "orders", $"orders/{known}", "items", "users/me", "notifications");
            (await customer.PatchAsJsonAsync("/api/v1/users/me", new { })).StatusCode.ShouldNotBe(HttpStatusCode.ServiceUnavailable);

            // The books can be looked at; only that somebody did cannot be written down, and that is said.
            var looked = await Launcher.ArgosyAsync(Within, "reconcile", "--wait", "0", "--data", fleet.Data);
            looked.ExitCode.ShouldBeInRange(0, 1, looked.ToString());
            looked.Errors.ShouldContain("this look at the books isn't in the audit trail: ", Case.Sensitive, looked.ToString());
        }
        finally
        {
            disk.Empty();
        }

        await Eventually.HoldsAsync(async () => await Asker.AskAsync("an order", () => customer.PlaceAsync(Orders.Body(sku))) is { Status: 202 }, "orders are taken again", Within);
        await customer.BecomesAsync(await customer.PlacedAsync(Orders.Body(sku)), "confirmed");
        fleet.PidOf("order-service").ShouldBe(pid, "it has never ended");
    }

    private static async Task RunAsync(SqliteConnection disk, string sql)
    {
        await using var command = disk.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync();
    }

    // Everything at once, each answered as always.
    private static async Task WorksAsync(HttpClient customer, params IEnumerable<string> paths)
    {
        var told = await Task.WhenAll(paths.Select(path => Asker.AskAsync(path, () => customer.GetAsync($"/api/v1/{path}"))));
        told.Where(one => one.Status != 200 || one.Took > Prompt).ShouldBeEmpty();
    }

    private async Task<IAsyncDisposable> StoppedAsync(string name)
    {
        var pid = fleet.PidOf(name)!.Value;
        await SignalAsync(pid, "STOP");
        return new Stopped(() => SignalAsync(pid, "CONT"));
    }

    private static async Task SignalAsync(int pid, string signal) => (await Launcher.BashAsync(TimeSpan.FromSeconds(10), $"kill -{signal} {pid}")).ExitCode.ShouldBe(0);

    private async Task TurnAsync(object knobs)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(fleet.AddressOf("payment-provider"), "/knobs")) { Content = JsonContent.Create(knobs) };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", (await File.ReadAllTextAsync(Path.Combine(fleet.Data, "keys", "provider-api-key.txt"))).Trim());
        using var answer = await fleet.Gateway.SendAsync(request);
        answer.IsSuccessStatusCode.ShouldBeTrue(await answer.Content.ReadAsStringAsync());
    }

    // Every request to the provider's API, whatever became of it.
    private async Task<long> AskedAsync() => (await fleet.Gateway.GetStringAsync(new Uri(fleet.AddressOf("payment-provider"), "/metrics"))).Split('\n')
        .Where(line => line.StartsWith("service_requests_total{", StringComparison.Ordinal) && line.Contains("/v1/", StringComparison.Ordinal))
        .Sum(line => (long)double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));

    // Stopped and let go, over and over: it runs for some 25 ms of each half second.
    private sealed class Crawling : IAsyncDisposable
    {
        private static readonly TimeSpan Moves = TimeSpan.FromMilliseconds(25);
        private static readonly TimeSpan Stands = TimeSpan.FromMilliseconds(475);

        private readonly CancellationTokenSource _enough = new();
        private readonly Task _crawls;

        public Crawling(int pid) => _crawls = CrawlAsync(pid);

        public async ValueTask DisposeAsync()
        {
            await _enough.CancelAsync();
            await _crawls;
            _enough.Dispose();
        }

        private async Task CrawlAsync(int pid)
        {
            try
            {
                while (!_enough.IsCancellationRequested)
                {
                    await SignalAsync(pid, "STOP");
                    await Task.WhenAny(Task.Delay(Stands, _enough.Token));
                    await SignalAsync(pid, "CONT");
                    await Task.WhenAny(Task.Delay(Moves, _enough.Token));
                }
            }
            finally
            {
                await SignalAsync(pid, "CONT");
            }
        }
    }

    private sealed class Stopped(Func<Task> goOn) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync() => await goOn();
    }
}

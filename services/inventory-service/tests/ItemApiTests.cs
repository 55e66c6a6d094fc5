using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Argosy.Contracts.Common.V1;
using Argosy.Contracts.Inventory.V1;
using Argosy.Contracts.Order.V1;
using Argosy.Testing;
using Shouldly;
using Xunit;

namespace Argosy.Inventory.Tests;

/// <summary>The real process over HTTP and the bus.</summary>
public sealed class ItemApiTests : IAsyncLifetime
{
    private ServiceBench bench = null!;

    public async ValueTask InitializeAsync() => bench = await ServiceBench.StartAsync("inventory-service", "InventoryService");

    public ValueTask DisposeAsync() => bench.DisposeAsync();

    [Fact]
    public async Task A_new_installation_has_thirty_items_that_are_announced_and_a_restart_adds_none()
    {
        var items = await ListAllAsync(pageSize: 7);
        items.Count.ShouldBe(30);
        items.Select(item => item.GetProperty("sku").GetString()).ShouldBe(items.Select(item => item.GetProperty("sku").GetString()).Order(StringComparer.Ordinal));
        await Eventually.HoldsAsync(() => bench.Bus.All<ItemPriced>().Count == 30, "all prices were announced");

        await bench.RestartAsync();

        (await ListAllAsync(pageSize: 100)).Count.ShouldBe(30);
        await bench.SendAsync("order-service", new ReleaseStock { OrderId = "order-after-restart" });
        await bench.Bus.HearAsync<StockReleased>(message => message.OrderId == "order-after-restart");
        bench.Bus.All<ItemPriced>().Count.ShouldBe(30);
    }

    [Fact]
    public async Task Only_administrators_change_items_and_see_what_is_reserved()
    {
        (await PutAsync(bench.Anonymous, "MUG-1", "Mug", 500, 3)).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        (await PutAsync(bench.As("customer-1"), "MUG-1", "Mug", 500, 3)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);

        var created = await PutAsync(bench.AsAdmin(), "MUG-1", "Mug", 500, 3);

        created.StatusCode.ShouldBe(HttpStatusCode.Created);
        created.Headers.Location!.ToString().ShouldBe("/api/v1/items/MUG-1");
        (await JsonAsync(bench.Anonymous, "/api/v1/items/MUG-1")).GetRawText().ShouldBe(
            """{"sku":"MUG-1","name":"Mug","price":{"amount":500,"currency":"EUR"},"available":3}""");
        (await JsonAsync(bench.AsAdmin(), "/api/v1/items/MUG-1")).GetRawText().ShouldBe(
            """{"sku":"MUG-1","name":"Mug","price":{"amount":500,"currency":"EUR"},"available":3,"reserved":0,"sold":0}""");
        (await bench.Bus.HearAsync<ItemPriced>(message => message.Sku == "MUG-1")).Price.Amount.ShouldBe(500);
    }

    [Fact]
    public async Task A_change_needs_the_version_that_was_read()
    {
        var admin = bench.AsAdmin();
        (await PutAsync(admin, "MUG-1", "Mug", 500, 3)).Headers.ETag!.Tag.ShouldBe("\"1\"");

        (await PutAsync(admin, "MUG-1", "Mug", 600, 3)).StatusCode.ShouldBe(HttpStatusCode.PreconditionRequired);
        (await PutAsync(admin, "MUG-1", "Mug", 600, 3, "\"7\"")).StatusCode.ShouldBe(HttpStatusCode.PreconditionFailed);
        (await PutAsync(admin, "MUG-2", "Mug", 600, 3, "\"1\"")).StatusCode.ShouldBe(HttpStatusCode.PreconditionFailed);

        var changed = await PutAsync(admin, "MUG-1", "Mug", 600, 3, "\"1\"");
        changed.StatusCode.ShouldBe(HttpStatusCode.OK);
        changed.Headers.ETag!.Tag.ShouldBe("\"2\"");
        (await PutAsync(admin, "MUG-1", "Mug", 700, 3, "\"1\"")).StatusCode.ShouldBe(HttpStatusCode.PreconditionFailed);
        (await PutAsync(admin, "MUG-1", "Mug", 700, 3, "*")).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_price_is_announced_when_it_or_the_name_changes_and_only_then()
    {
        var admin = bench.AsAdmin();
        await PutAsync(admin, "MUG-1", "Mug", 500, 3);
        await PutAsync(admin, "MUG-1", "Mug", 500, 30, "*");
        await PutAsync(admin, "MUG-1", "Blue mug", 500, 30, "*");
        await PutAsync(admin, "MUG-1", "Blue mug", 550, 30, "*");

        await bench.Bus.HearAsync<ItemPriced>(message => message.Sku == "MUG-1" && message.Price.Amount == 550);
        bench.Bus.All<ItemPriced>().Where(message => message.Sku == "MUG-1").Select(message => (message.Name, message.Price.Amount))
            .ShouldBe([("Mug", 500L), ("Blue mug", 500L), ("Blue mug", 550L)]);
    }

    [Theory]
    [InlineData("MUG 1", "Mug", 500, "EUR", 3, "sku")]
    [InlineData("-MUG", "Mug", 500, "EUR", 3, "sku")]
    [InlineData("MUG-1", "", 500, "EUR", 3, "name")]
    [InlineData("MUG-1", "Mug\nBcc: x", 500, "EUR", 3, "name")]
    [InlineData("MUG-1", "Mug", 0, "EUR", 3, "price.amount")]
    [InlineData("MUG-1", "Mug", 100_000_000, "EUR", 3, "price.amount")]
    [InlineData("MUG-1", "Mug", 500, "XXX", 3, "price.currency")]
    [InlineData("MUG-1", "Mug", 500, "EUR", -1, "stock")]
    [InlineData("MUG-1", "Mug", 500, "EUR", 1_000_001, "stock")]
    public async Task An_item_that_could_not_be_sold_is_refused_by_its_member(string sku, string name, long amount, string currency, long stock, string member)
    {
        var answer = await PutAsync(bench.AsAdmin(), sku, name, amount, stock, currency: currency);

        answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        var problem = await answer.Content.ReadFromJsonAsync<JsonElement>();
        problem.GetProperty("errors").EnumerateObject().ShouldHaveSingleItem().Name.ShouldBe(member);
    }

    [Fact]
    public async Task Nobody_finds_an_item_that_does_not_exist() =>
        (await bench.Anonymous.GetAsync("/api/v1/items/nope")).StatusCode.ShouldBe(HttpStatusCode.NotFound);

    [Fact]
    public async Task An_order_is_reserved_and_shipped_over_the_bus_and_survives_a_kill()
    {
        await PutAsync(bench.AsAdmin(), "MUG-1", "Mug", 500, 3);

        await bench.SendAsync("order-service", new ReserveStock { OrderId = "order-1", Lines = { new Line { Sku = "MUG-1", Quantity = 2 } } },
            headers: new() { SagaId = "checkout/order-1", SagaStep = "0/do/1", CorrelationId = "correlation-1" });

        await bench.Bus.HearAsync<StockReserved>(message => message.OrderId == "order-1");
        var answer = bench.Bus.Heard.First(message => message.Envelope.Type == "argosy.inventory.v1.StockReserved");
        answer.Subscriber.ShouldBe("order-service");
        answer.Envelope.Headers.SagaId.ShouldBe("checkout/order-1");
        answer.Envelope.Headers.SagaStep.ShouldBe("0/do/1");
        answer.Envelope.Headers.CorrelationId.ShouldBe("correlation-1");

        await bench.RestartAsync();
        await bench.SendAsync("order-service", new OrderShipped { OrderId = "order-1", CustomerId = "customer-1", TrackingNumber = "AR1" });

        (await JsonAsync(bench.AsAdmin(), "/api/v1/items/MUG-1")).GetRawText().ShouldEndWith("""
            "available":1,"reserved":0,"sold":2}
            """.Trim());
    }

    [Fact]
    public async Task A_reservation_that_waits_too_long_raises_one_alarm_and_stays()
    {
        await bench.RestartAsync(new Dictionary<string, string> { ["RESERVATION_OVERDUE_SECONDS"] = "1" });
        await PutAsync(bench.AsAdmin(), "MUG-1", "Mug", 500, 3);
        await bench.SendAsync("order-service", new ReserveStock { OrderId = "order-1", Lines = { new Line { Sku = "MUG-1", Quantity = 2 } } });

        await Eventually.HoldsAsync(() => Alarms() == 1, "the alarm was raised");
        await bench.SendAsync("order-service", new ReserveStock { OrderId = "order-2", Lines = { new Line { Sku = "MUG-1", Quantity = 1 } } });
        await Eventually.HoldsAsync(() => Alarms() == 2, "the alarm of the second order was raised");

        bench.Process.Output.Count(line => line.Contains("the longest of them order-1", StringComparison.Ordinal)).ShouldBe(1);
        (await JsonAsync(bench.AsAdmin(), "/api/v1/items/MUG-1")).GetProperty("reserved").GetInt64().ShouldBe(3);
    }

    [Fact]
    public async Task A_wrong_setting_stops_the_start_with_one_sentence()
    {
        await using var service = ServiceProcess.Start(ServiceBench.DllOf("InventoryService"), new Dictionary<string, string>
        {
            ["SERVICE_PORT"] = $"{ServiceProcess.FreePort()}",
            ["ARGOSY_PROFILE"] = "local",
            ["DATA_DIR"] = Path.Combine(bench.DataFolder, "other"),
            ["JWT_ISSUER"] = TestIssuer.Name,
            ["RESERVATION_OVERDUE_SECONDS"] = "soon",
        });

        (await service.ExitAsync()).ShouldBe(78);
        service.Errors.ShouldHaveSingleItem().ShouldStartWith("argosy: inventory-service: RESERVATION_OVERDUE_SECONDS is 'soon'");
    }

    private int Alarms() => bench.Process.Output.Count(line => line.Contains("have held their reservation", StringComparison.Ordinal));

    private static Task<HttpResponseMessage> PutAsync(HttpClient caller, string sku, string name, long amount, long stock, string? ifMatch = null, string currency = "EUR")
    {
        var request = new HttpRequestMessage(HttpMethod.Put, $"/api/v1/items/{Uri.EscapeDataString(sku)}") { Content = JsonContent.Create(new { name, price = new { amount, currency }, stock }) };
        if (ifMatch is not null)
        {
            request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
        }

        return caller.SendAsync(request);
    }

    private static async Task<JsonElement> JsonAsync(HttpClient caller, string path) => await caller.GetFromJsonAsync<JsonElement>(path);

    private async Task<List<JsonElement>> ListAllAsync(int pageSize)
    {
        var all = new List<JsonElement>();
        for (string? cursor = null; ;)
        {
            var page = await JsonAsync(bench.Anonymous, $"/api/v1/items?limit={pageSize}{(cursor is null ? "" : $"&cursor={cursor}")}");
            all.AddRange(page.GetProperty("items").EnumerateArray());
            cursor = page.GetProperty("nextCursor").GetString();
            if (cursor is null)
            {
                return all;
            }
        }
    }
}

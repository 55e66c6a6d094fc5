using System.Text.Json;
using Argosy.Contracts.Common.V1;
using Argosy.Contracts.Inventory.V1;
using Argosy.Contracts.Order.V1;
using Argosy.Testing;
using Shouldly;
using Xunit;

namespace Argosy.Inventory.Tests;

/// <summary>The real process on the bus, killed and started again.</summary>
public sealed class InventoryProcessTests : IAsyncLifetime
{
    private ServiceBench _bench = null!;

    public async ValueTask InitializeAsync() => _bench = await ServiceBench.StartAsync("inventory-service", "InventoryService");

    public ValueTask DisposeAsync() => _bench.DisposeAsync();

    [Fact]
    public async Task A_new_installation_has_thirty_items_that_are_announced_and_a_restart_adds_none()
    {
        var items = await ListAllAsync(pageSize: 7);
        items.Count.ShouldBe(30);
        items.Select(item => item.GetProperty("sku").GetString()).ShouldBe(items.Select(item => item.GetProperty("sku").GetString()).Order(StringComparer.Ordinal));
        await Eventually.HoldsAsync(() => _bench.Bus.All<ItemPriced>().Count == 30, "all prices were announced");

        await _bench.RestartAsync();

        (await ListAllAsync(pageSize: 100)).Count.ShouldBe(30);
        await _bench.SendAsync("order-service", new ReleaseStock { OrderId = "order-after-restart" });
        await _bench.Bus.HearAsync<StockReleased>(message => message.OrderId == "order-after-restart");
        _bench.Bus.All<ItemPriced>().Count.ShouldBe(30);
    }

    [Fact]
    public async Task An_order_is_reserved_and_shipped_over_the_bus_and_survives_a_kill()
    {
        await ItemApiTests.PutAsync(_bench.AsAdmin(), "MUG-1", "Mug", 500, 3);

        await _bench.SendAsync("order-service", new ReserveStock { OrderId = "order-1", Lines = { new Line { Sku = "MUG-1", Quantity = 2 } } },
            headers: new() { SagaId = "checkout/order-1", SagaStep = "0/do/1", CorrelationId = "correlation-1" });

        await _bench.Bus.HearAsync<StockReserved>(message => message.OrderId == "order-1");
        (await ItemApiTests.JsonAsync(_bench.AsAdmin(), "/admin/stock?limit=100")).GetProperty("items").EnumerateArray()
            .Single(shelf => shelf.GetProperty("sku").GetString() == "MUG-1").GetRawText().ShouldBe(
                """{"sku":"MUG-1","putIn":3,"available":1,"reserved":2,"sold":0,"held":2,"bought":0}""");
        var answer = _bench.Bus.Heard.First(message => message.Envelope.Type == "argosy.inventory.v1.StockReserved");
        answer.Subscriber.ShouldBe("order-service");
        answer.Envelope.Headers.SagaId.ShouldBe("checkout/order-1");
        answer.Envelope.Headers.SagaStep.ShouldBe("0/do/1");
        answer.Envelope.Headers.CorrelationId.ShouldBe("correlation-1");

        await _bench.RestartAsync();
        await _bench.SendAsync("order-service", new OrderShipped { OrderId = "order-1", CustomerId = "customer-1", TrackingNumber = "AR1" });

        (await ItemApiTests.JsonAsync(_bench.AsAdmin(), "/api/v1/items/MUG-1")).GetRawText().ShouldEndWith("""
            "available":1,"reserved":0,"sold":2}
            """.Trim());

        // What is said of a shelf and of the orders that hold something of it is of one instant, also behind the last of them.
        var shelves = (await ItemApiTests.JsonAsync(_bench.AsAdmin(), "/admin/stock?limit=100")).GetProperty("items").EnumerateArray().ToList();
        shelves.Count.ShouldBe(31);
        shelves.Single(shelf => shelf.GetProperty("sku").GetString() == "MUG-1").GetRawText().ShouldBe(
            """{"sku":"MUG-1","putIn":3,"available":1,"reserved":0,"sold":2,"held":0,"bought":2}""");
        const string Behind = "fg";     // all of them: a tilde
        (await ItemApiTests.JsonAsync(_bench.AsAdmin(), $"/admin/stock?cursor={Behind}")).GetProperty("items").GetArrayLength().ShouldBe(0);
    }

    [Fact]
    public async Task A_reservation_that_waits_too_long_raises_one_alarm_and_stays()
    {
        await _bench.RestartAsync(new Dictionary<string, string> { ["RESERVATION_OVERDUE_SECONDS"] = "1" });
        await ItemApiTests.PutAsync(_bench.AsAdmin(), "MUG-1", "Mug", 500, 3);
        await _bench.SendAsync("order-service", new ReserveStock { OrderId = "order-1", Lines = { new Line { Sku = "MUG-1", Quantity = 2 } } });

        await Eventually.HoldsAsync(() => Alarms() == 1, "the alarm was raised");
        await _bench.SendAsync("order-service", new ReserveStock { OrderId = "order-2", Lines = { new Line { Sku = "MUG-1", Quantity = 1 } } });
        await Eventually.HoldsAsync(() => Alarms() == 2, "the alarm of the second order was raised");

        _bench.Process.Output.Count(line => line.Contains("the longest of them order-1", StringComparison.Ordinal)).ShouldBe(1);
        (await ItemApiTests.JsonAsync(_bench.AsAdmin(), "/api/v1/items/MUG-1")).GetProperty("reserved").GetInt64().ShouldBe(3);
    }

    [Fact]
    public async Task A_wrong_setting_stops_the_start_with_one_sentence()
    {
        await using var service = ServiceProcess.Start(ServiceBench.DllOf("InventoryService"), new Dictionary<string, string>
        {
            ["SERVICE_PORT"] = $"{ServiceProcess.FreePort()}",
            ["ARGOSY_PROFILE"] = "local",
            ["DATA_DIR"] = Path.Combine(_bench.DataFolder, "other"),
            ["JWT_ISSUER"] = TestIssuer.Name,
            ["RESERVATION_OVERDUE_SECONDS"] = "soon",
        });

        (await service.ExitAsync()).ShouldBe(78);
        service.Errors.ShouldHaveSingleItem().ShouldStartWith("argosy: inventory-service: RESERVATION_OVERDUE_SECONDS is 'soon'");
    }

    private int Alarms() => _bench.Process.Output.Count(line => line.Contains("have held their reservation", StringComparison.Ordinal));

    private async Task<List<JsonElement>> ListAllAsync(int pageSize)
    {
        var all = new List<JsonElement>();
        for (string? cursor = null; ;)
        {
            var page = await ItemApiTests.JsonAsync(_bench.Anonymous, $"/api/v1/items?limit={pageSize}{(cursor is null ? "" : $"&cursor={cursor}")}");
            all.AddRange(page.GetProperty("items").EnumerateArray());
            cursor = page.GetProperty("nextCursor").GetString();
            if (cursor is null)
            {
                return all;
            }
        }
    }
}

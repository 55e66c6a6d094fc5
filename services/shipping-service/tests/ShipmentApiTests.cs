using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Argosy.Contracts.Shipping.V1;
using Argosy.Testing;
using Shouldly;
using Xunit;

namespace Argosy.Shipping.Tests;

/// <summary>The real process over HTTP and the bus; all tests share it, each has orders of its own.</summary>
public sealed class ShipmentApiTests(ShippingProcess process) : IClassFixture<ShippingProcess>
{
    private readonly ServiceBench _bench = process.Bench;

    [Fact]
    public async Task A_shipment_is_seen_by_its_customer_and_by_administrators_and_does_not_exist_for_others()
    {
        var id = await ArrangeAsync("order-seen");

        var seen = await _bench.As("customer-1").GetFromJsonAsync<JsonElement>($"/api/v1/shipments/{id}");
        seen.GetProperty("orderId").GetString().ShouldBe("order-seen");
        seen.GetProperty("status").GetString().ShouldBe("arranged");
        seen.GetProperty("trackingNumber").GetString().ShouldBe(TrackingNumber.Of("order-seen"));
        seen.GetProperty("address").GetRawText().ShouldBe(
            """{"name":"Ada Lovelace","street":"Main Street 1","city":"Berlin","postalCode":"10115","country":"DE"}""");
        (await _bench.AsAdmin().GetAsync($"/api/v1/shipments/{id}")).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await _bench.As("customer-2").GetAsync($"/api/v1/shipments/{id}")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await _bench.Anonymous.GetAsync($"/api/v1/shipments/{id}")).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task The_shipment_of_an_order_is_found_by_the_order()
    {
        var id = await ArrangeAsync("order-found");

        (await OfOrderAsync(_bench.As("customer-1"), "order-found")).ShouldHaveSingleItem().GetProperty("id").GetString().ShouldBe(id);
        (await OfOrderAsync(_bench.As("customer-2"), "order-found")).ShouldBeEmpty();
        (await OfOrderAsync(_bench.AsAdmin(), "order-unknown")).ShouldBeEmpty();
        (await _bench.AsAdmin().GetAsync("/api/v1/shipments")).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task Dispatching_is_said_once_however_often_it_is_done()
    {
        var id = await ArrangeAsync("order-dispatched");
        (await DispatchAsync(_bench.As("customer-1"), id)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);

        (await DispatchAsync(_bench.AsAdmin(), id)).StatusCode.ShouldBe(HttpStatusCode.OK);
        var again = await DispatchAsync(_bench.AsAdmin(), id);

        again.StatusCode.ShouldBe(HttpStatusCode.OK);
        (await again.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("status").GetString().ShouldBe("dispatched");
        (await _bench.Bus.HearAsync<ShipmentDispatched>(message => message.OrderId == "order-dispatched")).TrackingNumber.ShouldBe(TrackingNumber.Of("order-dispatched"));
        await CancelAsync("order-dispatched");
        await _bench.Bus.HearAsync<ShipmentCancelRefused>(message => message.OrderId == "order-dispatched");
        _bench.Bus.All<ShipmentDispatched>().Count(message => message.OrderId == "order-dispatched").ShouldBe(1);
    }

    [Fact]
    public async Task A_cancelled_or_refused_or_unknown_shipment_is_not_dispatched()
    {
        var cancelled = await ArrangeAsync("order-cancelled");
        await CancelAsync("order-cancelled");
        await _bench.SendAsync("order-service", ShipmentMessagesTests.Arrange("order-refused", "AQ"));

        (await DispatchAsync(_bench.AsAdmin(), cancelled)).StatusCode.ShouldBe(HttpStatusCode.Conflict);
        (await DispatchAsync(_bench.AsAdmin(), Shipment.IdOf("order-refused"))).StatusCode.ShouldBe(HttpStatusCode.Conflict);
        (await DispatchAsync(_bench.AsAdmin(), Shipment.IdOf("order-unknown"))).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task When_cancellation_and_dispatch_meet_exactly_one_wins()
    {
        var admin = _bench.AsAdmin();
        for (var i = 0; i < 25; i++)
        {
            var order = $"order-race-{i}";
            var id = await ArrangeAsync(order);

            var dispatching = Task.Run(() => DispatchAsync(admin, id));
            await CancelAsync(order);
            var dispatched = (await dispatching).StatusCode == HttpStatusCode.OK;

            await Eventually.HoldsAsync(() => Said<ShipmentCancelled>(order) + Said<ShipmentCancelRefused>(order) == 1, "the cancellation was answered");
            Said<ShipmentCancelRefused>(order).ShouldBe(dispatched ? 1 : 0);
            (await OfOrderAsync(admin, order)).ShouldHaveSingleItem().GetProperty("status").GetString().ShouldBe(dispatched ? "dispatched" : "cancelled");
        }
    }

    [Fact]
    public async Task Where_we_deliver_to_is_a_setting_and_a_wrong_one_stops_the_start()
    {
        await using var service = ServiceProcess.Start(ServiceBench.DllOf("ShippingService"), new Dictionary<string, string>
        {
            ["SERVICE_PORT"] = $"{ServiceProcess.FreePort()}",
            ["ARGOSY_PROFILE"] = "local",
            ["DATA_DIR"] = Path.Combine(_bench.DataFolder, "other"),
            ["JWT_ISSUER"] = TestIssuer.Name,
            ["SHIPPING_COUNTRIES"] = "DE,Germany",
        });

        (await service.ExitAsync()).ShouldBe(78);
        service.Errors.ShouldHaveSingleItem().ShouldStartWith("argosy: shipping-service: SHIPPING_COUNTRIES has 'Germany'");
    }

    private int Said<T>(string order) where T : Google.Protobuf.IMessage<T>, new() =>
        _bench.Bus.All<T>().Count(message => (string)message.Descriptor.Fields[1].Accessor.GetValue(message) == order);

    private async Task<string> ArrangeAsync(string order)
    {
        await _bench.SendAsync("order-service", ShipmentMessagesTests.Arrange(order, "DE"));
        return Shipment.IdOf(order);
    }

    private Task CancelAsync(string order) => _bench.SendAsync("order-service", new CancelShipment { OrderId = order, Reason = "test" });

    private static Task<HttpResponseMessage> DispatchAsync(HttpClient caller, string id) => caller.PostAsync($"/api/v1/shipments/{id}/dispatch", null);

    private static async Task<List<JsonElement>> OfOrderAsync(HttpClient caller, string order) =>
        [.. (await caller.GetFromJsonAsync<JsonElement>($"/api/v1/shipments?orderId={order}")).GetProperty("items").EnumerateArray()];
}

/// <summary>One running shipping-service for a class of tests.</summary>
public sealed class ShippingProcess : IAsyncLifetime
{
    public ServiceBench Bench { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Bench = await ServiceBench.StartAsync("shipping-service", "ShippingService");

    public ValueTask DisposeAsync() => Bench.DisposeAsync();
}

using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Argosy.Chassis.Resilience;
using Argosy.Contracts.Inventory.V1;
using Argosy.Contracts.Payment.V1;
using Argosy.Contracts.Shipping.V1;
using Argosy.Testing;
using Shouldly;
using Xunit;
using Said = Argosy.Contracts.Order.V1;

namespace Argosy.Orders.Tests;

public sealed class CheckoutTests : CheckoutBench
{
    [Fact]
    public async Task An_order_is_reserved_paid_arranged_and_then_confirmed_and_shipped()
    {
        var id = await PlacedAsync();
        await ConfirmAsync(id);

        (await Bench.Bus.HearAsync<Said.OrderConfirmed>(m => m.OrderId == id)).TrackingNumber.ShouldBe("T1");
        await Bench.SendAsync("shipping-service", new ShipmentDispatched { OrderId = id, ShipmentId = "s", TrackingNumber = "T1" });
        await BecomesAsync(id, "shipped");
        await Bench.Bus.HearAsync<Said.OrderShipped>(m => m.OrderId == id);
    }

    [Fact]
    public async Task While_checkouts_pile_up_nobody_begins_one_and_everybody_is_told_when_it_is_looked_at_again()
    {
        var slow = await PlacedAsync();
        for (var i = 0; i < 5; i++)     // fewer at a time than are let in at once
        {
            await Task.WhenAll(Enumerable.Range(0, 52).Select(_ => PlacedAsync()));
        }

        var placed = Stopwatch.GetTimestamp();
        await Eventually.HoldsAsync(() => Stopwatch.GetElapsedTime(placed) > TimeSpan.FromSeconds(2.1), "none has moved for two seconds");
        await ConfirmAsync(slow);

        using var refused = await Eventually.HasAsync(async () =>
        {
            var answer = await PlaceAsync(Ada, Body());
            return answer.StatusCode == HttpStatusCode.ServiceUnavailable ? answer : null;
        }, "an order is refused");

        (await refused.Content.ReadAsStringAsync()).ShouldContain("temporary-reduced-capacity");
        int.Parse(refused.Headers.GetValues("X-Closed-Ms").ShouldHaveSingleItem(), CultureInfo.InvariantCulture).ShouldBeInRange(1, 100);
        using var cancelled = await Ada.PostAsync($"/api/v1/orders/{slow}/cancel", null);
        cancelled.StatusCode.ShouldBe(HttpStatusCode.Accepted, "what has begun may be changed");
        cancelled.Headers.Contains("X-Closed-Ms").ShouldBeFalse();
    }

    [Fact]
    public async Task Without_stock_an_order_is_cancelled_and_nobody_is_asked_for_money()
    {
        var id = await PlacedAsync();

        await AnswerAsync<ReserveStock>("inventory-service", id, new StockRejected { OrderId = id, Reason = "Tea is sold out.", Sku = Sku });

        await BecomesAsync(id, "cancelled");
        Bench.Bus.All<CapturePayment>().ShouldNotContain(m => m.OrderId == id);
        (await Bench.Bus.HearAsync<Said.OrderCancelled>(m => m.OrderId == id)).Reason.ShouldBe("Tea is sold out.");
    }

    [Fact]
    public async Task A_declined_payment_gives_the_stock_back()
    {
        var id = await PlacedAsync();
        await AnswerAsync<ReserveStock>("inventory-service", id, new StockReserved { OrderId = id });
        await AnswerAsync<CapturePayment>("payment-service", id, new PaymentDeclined { OrderId = id, PaymentId = "p", Reason = "card_declined" });

        await AnswerAsync<ReleaseStock>("inventory-service", id, new StockReleased { OrderId = id });

        await BecomesAsync(id, "cancelled");
    }

    [Fact]
    public async Task A_refused_shipment_gives_the_money_back_and_then_the_stock()
    {
        var id = await PlacedAsync();
        await AnswerAsync<ReserveStock>("inventory-service", id, new StockReserved { OrderId = id });
        await AnswerAsync<CapturePayment>("payment-service", id, new PaymentCaptured { OrderId = id, PaymentId = "p" });
        await AnswerAsync<ArrangeShipment>("shipping-service", id, new ShipmentRefused { OrderId = id, Reason = "No ships to AQ." });
        await AnswerAsync<RefundPayment>("payment-service", id, new PaymentRefunded { OrderId = id, PaymentId = "p" });

        await AnswerAsync<ReleaseStock>("inventory-service", id, new StockReleased { OrderId = id });

        await BecomesAsync(id, "cancelled");
    }

    [Fact]
    public async Task Cancelling_a_confirmed_order_asks_for_the_parcel_first()
    {
        var id = await PlacedAsync();
        await ConfirmAsync(id);

        (await Ada.PostAsync($"/api/v1/orders/{id}/cancel", null)).StatusCode.ShouldBe(System.Net.HttpStatusCode.Accepted);
        (await StatusAsync(id)).ShouldBe("cancelling");
        await CommandAsync<CancelShipment>(id);
        Bench.Bus.All<RefundPayment>().ShouldNotContain(m => m.OrderId == id);
        await AnswerAsync<CancelShipment>("shipping-service", id, new ShipmentCancelled { OrderId = id });
        await AnswerAsync<RefundPayment>("payment-service", id, new PaymentRefunded { OrderId = id, PaymentId = "p" });
        await AnswerAsync<ReleaseStock>("inventory-service", id, new StockReleased { OrderId = id });

        await BecomesAsync(id, "cancelled");
    }

    [Fact]
    public async Task A_parcel_that_has_left_ends_the_cancellation_and_nothing_else_is_undone()
    {
        var id = await PlacedAsync();
        await ConfirmAsync(id);
        await Ada.PostAsync($"/api/v1/orders/{id}/cancel", null);
        await CommandAsync<CancelShipment>(id);

        await Bench.SendAsync("shipping-service", new ShipmentDispatched { OrderId = id, ShipmentId = "s", TrackingNumber = "T1" });
        await AnswerAsync<CancelShipment>("shipping-service", id, new ShipmentCancelRefused { OrderId = id, Reason = "It has left." });

        await BecomesAsync(id, "shipped");
        Bench.Bus.All<RefundPayment>().ShouldNotContain(m => m.OrderId == id);
        var late = await Ada.PostAsync($"/api/v1/orders/{id}/cancel", null);
        late.StatusCode.ShouldBe(System.Net.HttpStatusCode.Conflict);
    }

    [Fact]
    public async Task An_order_goes_on_where_a_killed_process_left_it()
    {
        var id = await PlacedAsync();
        await CommandAsync<ReserveStock>(id);

        await Bench.RestartAsync();

        await ConfirmAsync(id);
    }

    [Fact]
    public async Task The_history_tells_what_happened_in_order()
    {
        var id = await PlacedAsync();
        await ConfirmAsync(id);

        var history = await Ada.GetFromJsonAsync<JsonElement>($"/api/v1/orders/{id}/history");

        history.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("type").GetString()).ShouldBe(["order.placed", "order.confirmed"]);
    }

    [Fact]
    public async Task The_stream_shows_each_status_once_and_ends_with_the_order()
    {
        var id = await PlacedAsync();
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        using var stream = await Ada.GetAsync($"/api/v1/orders/{id}/stream", HttpCompletionOption.ResponseHeadersRead, deadline.Token);
        stream.Content.Headers.ContentType!.MediaType.ShouldBe("text/event-stream");
        var read = stream.Content.ReadAsStringAsync(deadline.Token);

        await ConfirmAsync(id);
        await Bench.SendAsync("shipping-service", new ShipmentDispatched { OrderId = id, ShipmentId = "s", TrackingNumber = "T1" });

        var lines = (await read).Split('\n');
        lines.Where(line => line.StartsWith("id: ", StringComparison.Ordinal)).ShouldBe(["id: 1", "id: 2", "id: 3"]);
        lines.Where(line => line.StartsWith("data: {", StringComparison.Ordinal)).Select(line => JsonDocument.Parse(line[6..]).RootElement.GetProperty("status").GetString())
            .ShouldBe(["pending", "confirmed", "shipped"]);

        using var again = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/orders/{id}/stream");
        again.Headers.Add("Last-Event-ID", "3");
        (await Ada.SendAsync(again)).StatusCode.ShouldBe(HttpStatusCode.NoContent);
    }

    [Fact]
    public async Task The_stream_of_a_waiting_order_outlives_the_deadline_of_other_requests()
    {
        var id = await PlacedAsync();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(50));
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/orders/{id}/stream") { Headers = { { Deadline.Header, "1000" } } };
        using var stream = await Ada.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, patience.Token);
        using var reader = new StreamReader(await stream.Content.ReadAsStreamAsync(patience.Token));

        // The first heartbeat comes after 15 s.
        while (await reader.ReadLineAsync(patience.Token) != "event: heartbeat")
        {
        }
    }

    [Fact]
    public async Task While_hundreds_of_orders_stand_and_others_are_confirmed_no_other_is_begun_and_what_has_begun_can_be_cancelled()
    {
        var first = await PlacedAsync();
        for (var i = 0; i < 10; i++)
        {
            await Task.WhenAll(Enumerable.Range(0, 30).Select(_ => PlacedAsync()));
        }

        await Bench.ExecuteAsync("update saga set at = at - 2000");
        (await PlacedAsync()).ShouldNotBeEmpty("nobody is overloaded where nothing is confirmed: the orders wait for somebody who is away");

        // It took long, as all do in a queue.
        await Bench.ExecuteAsync($"update saga set data = json_set(data, '$.history[0].at', json_extract(data, '$.history[0].at') - 2000) where id = 'checkout/{first}'");
        await ConfirmAsync(first);

        HttpResponseMessage? refused = null;
        await Eventually.HoldsAsync(async () => (refused = await PlaceAsync(Ada, Body())).StatusCode == HttpStatusCode.ServiceUnavailable, "an order is refused");
        (await refused!.Content.ReadAsStringAsync()).ShouldContain("temporary-reduced-capacity");
        using var cancelled = await Ada.PostAsync($"/api/v1/orders/{first}/cancel", null);
        cancelled.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        (await Ada.GetAsync($"/api/v1/orders/{first}")).StatusCode.ShouldBe(HttpStatusCode.OK);

        await Eventually.HoldsAsync(async () => (await PlaceAsync(Ada, Body())).StatusCode == HttpStatusCode.Accepted, "nothing more is completed, so that somebody is away", TimeSpan.FromSeconds(15));
        await ConfirmAsync(await PlacedAsync());
        (await PlacedAsync()).ShouldNotBeEmpty("one was fast: there is no queue, some wait for somebody");
    }

    private async Task ConfirmAsync(string id)
    {
        await AnswerAsync<ReserveStock>("inventory-service", id, new StockReserved { OrderId = id });
        await AnswerAsync<CapturePayment>("payment-service", id, new PaymentCaptured { OrderId = id, PaymentId = "p" });
        await AnswerAsync<ArrangeShipment>("shipping-service", id, new ShipmentArranged { OrderId = id, ShipmentId = "s", TrackingNumber = "T1" });
        await BecomesAsync(id, "confirmed");
    }
}

using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Shouldly;
using Xunit;

namespace Argosy.E2E;

/// <summary>One order through eight services, each way it can end.</summary>
public sealed class CheckoutTests(Fleet fleet)
{
    [Theory]
    [InlineData("tok_visa")]
    [InlineData("tok_timeout")]
    [InlineData("tok_error_after_charge")]
    [InlineData("tok_slow")]
    public async Task Whatever_the_provider_answers_a_charged_order_ends_confirmed_with_one_capture(string token)
    {
        var customer = await fleet.CustomerAsync();
        var sku = await fleet.ItemAsync(stock: 5, price: 1250);

        var id = await customer.PlacedAsync(Orders.Body(sku, quantity: 2, token));

        await customer.BecomesAsync(id, "confirmed");
        (await fleet.LedgerAsync(id)).ShouldBe([("capture", 2500)]);
        (await fleet.StockAsync(sku)).ShouldBe((3, 2, 0));
    }

    [Theory]
    [InlineData("tok_declined")]
    [InlineData("tok_insufficient_funds")]
    public async Task A_refused_card_costs_nothing_and_gives_the_stock_back(string token)
    {
        var customer = await fleet.CustomerAsync();
        var sku = await fleet.ItemAsync(stock: 5);

        var id = await customer.PlacedAsync(Orders.Body(sku, token: token));

        await customer.BecomesAsync(id, "cancelled");
        (await fleet.LedgerAsync(id)).ShouldBeEmpty();
        await fleet.StockBecomesAsync(sku, 5, 0, 0);
    }

    [Fact]
    public async Task What_is_sold_out_is_not_paid_for()
    {
        var customer = await fleet.CustomerAsync();
        var sku = await fleet.ItemAsync(stock: 1);

        var id = await customer.PlacedAsync(Orders.Body(sku, quantity: 2));

        await customer.BecomesAsync(id, "cancelled");
        (await fleet.LedgerAsync(id)).ShouldBeEmpty();
        (await customer.OrderAsync(id)).GetProperty("reason").GetString().ShouldNotBeNullOrEmpty();
    }

    [Fact]
    public async Task Where_nobody_ships_to_the_money_comes_back()
    {
        var customer = await fleet.CustomerAsync();
        var sku = await fleet.ItemAsync(stock: 5, price: 700);

        var id = await customer.PlacedAsync(Orders.Body(sku, country: "AQ"));

        await customer.BecomesAsync(id, "cancelled");
        (await fleet.LedgerAsync(id)).ShouldBe([("capture", 700), ("refund", 700)]);
        await fleet.StockBecomesAsync(sku, 5, 0, 0);
    }

    [Fact]
    public async Task An_order_cancelled_at_once_leaves_no_trace_of_money()
    {
        var customer = await fleet.CustomerAsync();
        var sku = await fleet.ItemAsync(stock: 5);
        var id = await customer.PlacedAsync(Orders.Body(sku, token: "tok_slow"));

        (await customer.PostAsync($"/api/orders/{id}/cancel", null)).StatusCode.ShouldBe(HttpStatusCode.Accepted);

        await customer.BecomesAsync(id, "cancelled");
        (await fleet.LedgerAsync(id)).Sum(entry => entry.Type == "capture" ? entry.Amount : -entry.Amount).ShouldBe(0);
        await fleet.StockBecomesAsync(sku, 5, 0, 0);
    }

    [Fact]
    public async Task A_confirmed_order_can_be_cancelled_until_the_parcel_leaves()
    {
        var customer = await fleet.CustomerAsync();
        var sku = await fleet.ItemAsync(stock: 5, price: 300);
        var id = await customer.PlacedAsync(Orders.Body(sku));
        await customer.BecomesAsync(id, "confirmed");

        (await customer.PostAsync($"/api/orders/{id}/cancel", null)).StatusCode.ShouldBe(HttpStatusCode.Accepted);

        await customer.BecomesAsync(id, "cancelled");
        (await fleet.LedgerAsync(id)).ShouldBe([("capture", 300), ("refund", 300)]);
        await fleet.StockBecomesAsync(sku, 5, 0, 0);
    }

    [Fact]
    public async Task A_dispatched_order_is_sold_and_cannot_be_cancelled()
    {
        var customer = await fleet.CustomerAsync();
        var sku = await fleet.ItemAsync(stock: 5, price: 300);
        var id = await customer.PlacedAsync(Orders.Body(sku));
        await customer.BecomesAsync(id, "confirmed");

        (await fleet.DispatchAsync(await fleet.ShipmentAsync(id))).IsSuccessStatusCode.ShouldBeTrue();

        await customer.BecomesAsync(id, "shipped");
        (await customer.PostAsync($"/api/orders/{id}/cancel", null)).StatusCode.ShouldBe(HttpStatusCode.Conflict);
        await fleet.StockBecomesAsync(sku, 4, 0, 1);
        (await fleet.LedgerAsync(id)).ShouldBe([("capture", 300)]);
    }

    [Fact]
    public async Task Cancelling_and_dispatching_race_and_one_of_them_wins_whole()
    {
        var customer = await fleet.CustomerAsync();
        var sku = await fleet.ItemAsync(stock: 20, price: 300);
        var ids = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => customer.PlacedAsync(Orders.Body(sku))));
        foreach (var id in ids)
        {
            await customer.BecomesAsync(id, "confirmed");
        }

        await Task.WhenAll(ids.Select(async id =>
        {
            var shipment = await fleet.ShipmentAsync(id);
            await Task.WhenAll(customer.PostAsync($"/api/orders/{id}/cancel", null), fleet.DispatchAsync(shipment));
        }));

        var shipped = 0;
        foreach (var id in ids)
        {
            await customer.BecomesAsync(id, ["shipped", "cancelled"]);
            var left = (await customer.OrderAsync(id)).GetProperty("status").GetString() == "shipped";
            shipped += left ? 1 : 0;
            (await fleet.LedgerAsync(id)).Sum(entry => entry.Type == "capture" ? entry.Amount : -entry.Amount).ShouldBe(left ? 300 : 0, id);
        }

        await fleet.StockBecomesAsync(sku, 20 - shipped, 0, shipped);
    }

    [Fact]
    public async Task The_last_item_asked_for_by_a_hundred_customers_at_once_goes_to_one()
    {
        var customers = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => fleet.CustomerAsync()));
        var sku = await fleet.ItemAsync(stock: 1, price: 100);

        var ids = await Task.WhenAll(Enumerable.Range(0, 100).Select(async i => (Customer: customers[i % 5], Id: await customers[i % 5].PlacedAsync(Orders.Body(sku)))));

        var confirmed = 0;
        foreach (var (customer, id) in ids)
        {
            await customer.BecomesAsync(id, ["confirmed", "cancelled"]);
            confirmed += (await customer.OrderAsync(id)).GetProperty("status").GetString() == "confirmed" ? 1 : 0;
        }

        confirmed.ShouldBe(1);
        await fleet.StockBecomesAsync(sku, 0, 1, 0);
    }

    [Fact]
    public async Task The_customer_is_told_and_the_mail_is_written()
    {
        var customer = await fleet.CustomerAsync();
        var id = await customer.PlacedAsync(Orders.Body(await fleet.ItemAsync(stock: 5)));
        await customer.BecomesAsync(id, "confirmed");

        await Testing.Eventually.HoldsAsync(
            async () => (await customer.GetFromJsonAsync<JsonElement>("/api/v1/notifications")).GetProperty("items").EnumerateArray()
                .Any(item => item.GetProperty("kind").GetString() == "order-confirmed" && item.GetProperty("orderId").GetString() == id),
            "the notification is listed", TimeSpan.FromSeconds(30));
        await Testing.Eventually.HoldsAsync(
            () => Directory.EnumerateFiles(Path.Combine(fleet.Data, "services", "notification-service", "mail"), "*.eml").Any(file => File.ReadAllText(file).Contains(id, StringComparison.Ordinal)),
            "the mail is written", TimeSpan.FromSeconds(30));
    }
}

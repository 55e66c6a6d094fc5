using System.Net;
using System.Net.Http.Json;
using Argosy.Chassis;
using Argosy.Chassis.Store;
using Argosy.Contracts.Inventory.V1;

namespace Argosy.Orders;

/// <summary>
/// What items cost: heard over the bus from inventory-service, and asked for where an item is new to us. The customer's word on
/// a price is never taken.
/// </summary>
internal sealed class OrderPrices(IStore store, IHttpClientFactory clients)
{
    public const string Inventory = "inventory-service";

    public static void Remember(WriteSet work, ItemPriced item) => work.Execute(
        """
        insert into item_price (sku, name, amount, currency) values (@sku, @name, @amount, @currency)
        on conflict (sku) do update set name = @name, amount = @amount, currency = @currency
        """,
        new { sku = item.Sku, name = item.Name, amount = item.Price.Amount, currency = item.Price.Currency });

    /// <summary>The item as a line of an order, or why not: 422 for an item that does not exist, 503 where that cannot be found out now.</summary>
    public async Task<(OrderLine? Line, Problem? Problem)> PriceAsync(string sku, int quantity, WriteSet work, CancellationToken cancellation)
    {
        var heard = await store.FirstOrDefaultAsync<PriceRow>(
            "select name as Name, amount as Amount, currency as Currency from item_price where sku = @sku", new { sku }, cancellation);
        if (heard is not null)
        {
            // The price that this decision rests on must still be the price when it commits.
            work.Require("select 1 from item_price where sku = @sku and amount = @amount and currency = @currency", new { sku, amount = heard.Amount, currency = heard.Currency });
            return (new OrderLine(sku, heard.Name, quantity, new Money(heard.Amount, heard.Currency)), null);
        }

        return await AskAsync(sku, quantity, cancellation);
    }

    private async Task<(OrderLine? Line, Problem? Problem)> AskAsync(string sku, int quantity, CancellationToken cancellation)
    {
        // The price that an order is made with comes from the books, not from anybody's cache.
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/items/{Uri.EscapeDataString(sku)}") { Headers = { CacheControl = new() { NoCache = true } } };
        using var response = await clients.CreateClient(Inventory).SendAsync(request, cancellation);
        if (response.StatusCode == HttpStatusCode.NotFound)
        {
            return (null, Problem.Unprocessable("order.item-unknown", $"There is no item '{sku}'."));
        }

        response.EnsureSuccessStatusCode();
        var item = await response.Content.ReadFromJsonAsync<ItemAnswer>(cancellation) ?? throw new HttpRequestException($"{Inventory} answered nothing about '{sku}'.");
        return (new OrderLine(sku, item.Name, quantity, item.Price), null);
    }

    private sealed record PriceRow(string Name, long Amount, string Currency);

    private sealed record ItemAnswer(string Name, Money Price);
}

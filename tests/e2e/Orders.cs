using System.Net.Http.Json;
using System.Text.Json;
using Argosy.Testing;
using Shouldly;

namespace Argosy.E2E;

/// <summary>What a customer does with orders, through the gateway.</summary>
internal static class Orders
{
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(60);

    public static object Body(string sku, int quantity = 1, string token = "tok_visa", string country = "DE") => new
    {
        lines = new[] { new { sku, quantity } },
        paymentToken = token,
        shippingAddress = new { name = "Ada", street = "1 Main St", city = "Berlin", postalCode = "10115", country },
    };

    public static async Task<HttpResponseMessage> PlaceAsync(this HttpClient customer, object body, string? key = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/orders") { Content = JsonContent.Create(body) };
        request.Headers.Add("Idempotency-Key", key ?? Guid.NewGuid().ToString());
        return await customer.SendAsync(request);
    }

    public static async Task<string> PlacedAsync(this HttpClient customer, object body)
    {
        var key = Guid.NewGuid().ToString();
        using var answer = await Busy.DecidedAsync(() => customer.PlaceAsync(body, key));
        ((int)answer.StatusCode).ShouldBe(202, await answer.Content.ReadAsStringAsync());
        return (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetString()!;
    }

    public static async Task<JsonElement> OrderAsync(this HttpClient customer, string id) => await customer.ReadAsync($"/api/v1/orders/{id}");

    public static Task BecomesAsync(this HttpClient customer, string id, string status) => customer.BecomesAsync(id, [status]);

    public static async Task BecomesAsync(this HttpClient customer, string id, string[] statuses)
    {
        var last = "";
        await Eventually.HoldsAsync(
            async () => Array.IndexOf(statuses, last = (await customer.OrderAsync(id)).GetProperty("status").GetString()!) >= 0,
            $"order {id} is {string.Join(" or ", statuses)}", Settled);
    }

    /// <summary>An item of the test's own, so that nobody else's orders are in its books.</summary>
    public static async Task<string> ItemAsync(this Fleet fleet, int stock, long price = 1000)
    {
        var sku = $"e2e-{Guid.NewGuid():N}"[..16];
        using var put = await Busy.DecidedAsync(() => fleet.Admin.PutAsJsonAsync($"/api/v1/items/{sku}", new { name = "A thing", price = new { amount = price, currency = "EUR" }, stock }));
        put.IsSuccessStatusCode.ShouldBeTrue(await put.Content.ReadAsStringAsync());
        return sku;
    }

    public static async Task<(long Available, long Reserved, long Sold)> StockAsync(this Fleet fleet, string sku)
    {
        var item = await fleet.Admin.ReadAsync($"/api/v1/items/{sku}");
        return (item.GetProperty("available").GetInt64(), item.GetProperty("reserved").GetInt64(), item.GetProperty("sold").GetInt64());
    }

    public static Task StockBecomesAsync(this Fleet fleet, string sku, long available, long reserved, long sold) =>
        Eventually.HoldsAsync(async () => await fleet.StockAsync(sku) == (available, reserved, sold), $"stock of {sku} is {available}/{reserved}/{sold}", Settled);

    /// <summary>The order's shipment, as the administrator sees it.</summary>
    public static async Task<string> ShipmentAsync(this Fleet fleet, string orderId)
    {
        var shipments = await fleet.Admin.ReadAsync($"/api/v1/shipments?orderId={orderId}");
        return shipments.GetProperty("items")[0].GetProperty("id").GetString()!;
    }

    public static Task<HttpResponseMessage> DispatchAsync(this Fleet fleet, string shipmentId) => fleet.Admin.PostAsync($"/api/v1/shipments/{shipmentId}/dispatch", null);

    private static async Task<JsonElement> ReadAsync(this HttpClient client, string path)
    {
        using var answer = await Busy.DecidedAsync(() => client.GetAsync(path));
        return await answer.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>();
    }
}

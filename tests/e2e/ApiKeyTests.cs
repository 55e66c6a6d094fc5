using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Argosy.Testing;
using Shouldly;
using Xunit;

namespace Argosy.E2E;

/// <summary>A machine with a user's API key, through the gateway and the services behind it.</summary>
[Trait("on", "embedded")]
public sealed class ApiKeyTests(Fleet fleet)
{
    private const string Keys = "/api/v1/auth/api-keys";

    private static readonly TimeSpan Within = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task A_key_places_orders_one_for_reading_reads_them_and_a_revoked_one_does_nothing_more()
    {
        var owner = await fleet.CustomerAsync();
        var sku = await fleet.ItemAsync(stock: 50);
        var (id, text) = await MakeAsync(owner, "api");
        var (_, reading) = await MakeAsync(owner, "api.read");
        using var robot = Machine(text);
        using var reader = Machine(reading);

        var order = await robot.PlacedAsync(Orders.Body(sku));
        await owner.BecomesAsync(order, "confirmed");
        (await reader.OrderAsync(order)).GetProperty("id").GetString().ShouldBe(order);
        using var write = await reader.PlaceAsync(Orders.Body(sku));
        write.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await write.Content.ReadAsStringAsync()).ShouldContain("urn:argosy:problem:identity.scope");
        using var counted = await robot.GetAsync("/api/items");
        counted.Headers.GetValues("RateLimit-Policy").ShouldBe(["\"default\";q=100;w=60"]);

        using var revoked = await owner.DeleteAsync($"{Keys}/{id}");
        revoked.StatusCode.ShouldBe(HttpStatusCode.NoContent);

        await Eventually.HoldsAsync(async () =>
        {
            using var refused = await robot.PlaceAsync(Orders.Body(sku));
            return refused.StatusCode == HttpStatusCode.Unauthorized;
        }, "order-service has heard of it", Within);
        using var list = await robot.GetAsync("/api/v1/orders");
        list.StatusCode.ShouldBe(HttpStatusCode.OK, "reads go on until the token that the gateway has expires");
    }

    [Fact]
    public async Task The_exchange_cannot_be_reached_from_outside_and_a_key_of_nobody_opens_nothing()
    {
        using var stranger = Machine("argosy_abcdefgh_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");

        using var items = await stranger.GetAsync("/api/items");
        using var form = new FormUrlEncodedContent([KeyValuePair.Create("key", "x")]);
        using var exchange = await fleet.Gateway.PostAsync("/internal/api-keys/token", form);

        items.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        exchange.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await exchange.Content.ReadAsStringAsync()).ShouldContain("gateway.no-route");
    }

    private static async Task<(string Id, string Text)> MakeAsync(HttpClient owner, string scope)
    {
        using var answer = await owner.PostAsJsonAsync(Keys, new { name = "robot", password = Fleet.Password, scope });
        answer.StatusCode.ShouldBe(HttpStatusCode.Created, await answer.Content.ReadAsStringAsync());
        var made = await answer.Content.ReadFromJsonAsync<JsonElement>();
        return (made.GetProperty("id").GetString()!, made.GetProperty("key").GetString()!);
    }

    private HttpClient Machine(string key)
    {
        var client = fleet.Stranger();
        client.DefaultRequestHeaders.Add("X-API-Key", key);
        return client;
    }
}

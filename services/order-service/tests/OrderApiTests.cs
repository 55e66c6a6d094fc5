using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Argosy.Chassis.Messaging;
using Argosy.Contracts.Inventory.V1;
using Argosy.Contracts.Payment.V1;
using Argosy.Testing;
using Microsoft.AspNetCore.Http;
using Shouldly;
using Xunit;

namespace Argosy.Orders.Tests;

public sealed class OrderApiTests : CheckoutBench
{
    [Fact]
    public async Task The_price_is_the_servers_whatever_the_customer_says()
    {
        using var answer = await PlaceAsync(Ada, Body(quantity: 3));
        var order = await answer.Content.ReadFromJsonAsync<JsonElement>();
        order.GetProperty("total").GetProperty("amount").GetInt64().ShouldBe(3750);
        answer.Headers.Location!.ToString().ShouldBe($"/api/v1/orders/{order.GetProperty("id").GetString()}");

        using var cheeky = await PlaceAsync(Ada, new { lines = new[] { new { sku = Sku, quantity = 1, price = 1 } }, paymentToken = "tok_visa" });
        cheeky.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task The_same_key_and_body_give_the_same_bytes_and_another_body_422()
    {
        using var first = await PlaceAsync(Ada, Body(), "key-1");
        using var second = await PlaceAsync(Ada, Body(), "key-1");
        using var other = await PlaceAsync(Ada, Body(quantity: 5), "key-1");

        (await second.Content.ReadAsByteArrayAsync()).ShouldBe(await first.Content.ReadAsByteArrayAsync());
        second.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        other.StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
    }

    [Fact]
    public async Task A_key_whose_answer_has_been_forgotten_makes_no_second_order_and_says_why()
    {
        using var first = await PlaceAsync(Ada, Body(), "key-of-last-month");
        await Bench.ExecuteAsync("delete from http_idempotency");
        using var second = await PlaceAsync(Ada, Body(), "key-of-last-month");

        second.StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        (await second.Content.ReadAsStringAsync()).ShouldContain("idempotency.forgotten");
        (await Ada.GetFromJsonAsync<JsonElement>("/api/v1/orders")).GetProperty("items").GetArrayLength().ShouldBe(1);
    }

    [Fact]
    public async Task An_order_that_nobody_placed_is_not_found_and_no_orders_are_an_empty_list()
    {
        using var unknown = await Ada.GetAsync("/api/v1/orders/0199aaaa-0000-7000-8000-000000000000");
        var none = await Ada.GetFromJsonAsync<JsonElement>("/api/v1/orders");

        unknown.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        none.GetProperty("items").GetArrayLength().ShouldBe(0);
    }

    [Fact]
    public async Task Fifty_twins_make_one_order()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => PlaceAsync(Ada, Body(), "twins")));

        answers.ShouldAllBe(answer => answer.StatusCode == HttpStatusCode.Accepted || answer.StatusCode == HttpStatusCode.Conflict);
        var orders = await Ada.GetFromJsonAsync<JsonElement>("/api/v1/orders");
        orders.GetProperty("items").GetArrayLength().ShouldBe(1);
    }

    [Fact]
    public async Task Another_customers_key_is_another_key()
    {
        using var mine = await PlaceAsync(Ada, Body(), "shared");
        using var theirs = await PlaceAsync(Bench.As("bob"), Body(quantity: 1), "shared");

        theirs.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        (await theirs.Content.ReadAsStringAsync()).ShouldNotBe(await mine.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData(256, "has 256 characters, and 255 are the most")]
    [InlineData(0, "has a character that is no visible ASCII")]
    public async Task A_key_that_cannot_be_kept_says_why(int length, string why)
    {
        using var answer = await PlaceAsync(Ada, Body(), length == 0 ? "a b" : new string('k', length));

        answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await answer.Content.ReadAsStringAsync()).ShouldContain($"Idempotency-Key {why}");
    }

    [Fact]
    public async Task Without_a_key_there_is_no_order()
    {
        using var answer = await Ada.PostAsJsonAsync("/api/v1/orders", Body());

        answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await answer.Content.ReadAsStringAsync()).ShouldContain("Idempotency-Key");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(100)]
    public async Task A_quantity_is_from_1_to_99(int quantity)
    {
        using var answer = await PlaceAsync(Ada, Body(quantity));

        answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("errors").GetProperty("lines[0].quantity").GetArrayLength().ShouldBe(1);
    }

    [Fact]
    public async Task Who_cancels_a_version_that_is_no_more_is_told_so_and_nothing_is_cancelled()
    {
        var id = await PlacedAsync();
        using var seen = await Ada.GetAsync($"/api/v1/orders/{id}");

        (await CancelAsync("\"7\"")).ShouldBe(HttpStatusCode.PreconditionFailed);
        (await CancelAsync("no tag")).ShouldBe(HttpStatusCode.BadRequest);
        (await CancelAsync(seen.Headers.ETag!.Tag)).ShouldBe(HttpStatusCode.Accepted);

        async Task<HttpStatusCode> CancelAsync(string version)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/v1/orders/{id}/cancel");
            request.Headers.TryAddWithoutValidation("If-Match", version).ShouldBeTrue();
            using var answer = await Ada.SendAsync(request);
            return answer.StatusCode;
        }
    }

    [Fact]
    public async Task Other_peoples_orders_answer_like_absent_ones()
    {
        var id = await PlacedAsync();
        var bob = Bench.As("bob");

        foreach (var path in new[] { $"/api/v1/orders/{id}", $"/api/v1/orders/{id}/history", $"/api/v1/orders/{id}/stream" })
        {
            (await bob.GetAsync(path)).StatusCode.ShouldBe(HttpStatusCode.NotFound, path);
        }

        (await bob.PostAsync($"/api/v1/orders/{id}/cancel", null)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await Bench.AsAdmin().GetAsync($"/api/v1/orders/{id}")).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await Bench.Anonymous.GetAsync($"/api/v1/orders/{id}")).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task Orders_are_listed_newest_first_page_by_page()
    {
        var placed = new List<string>();
        for (var i = 0; i < 5; i++)
        {
            placed.Insert(0, await PlacedAsync());
        }

        var listed = new List<string>();
        string? cursor = null;
        do
        {
            var page = await Ada.GetFromJsonAsync<JsonElement>($"/api/v1/orders?limit=2{(cursor is null ? "" : $"&cursor={cursor}")}");
            listed.AddRange(page.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("id").GetString()!));
            cursor = page.GetProperty("nextCursor").GetString();
        }
        while (cursor is not null);

        listed.ShouldBe(placed, ignoreOrder: true);
        listed.Count.ShouldBe(5);
        (await Ada.GetAsync("/api/v1/orders?limit=101")).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await Ada.GetAsync("/api/v1/orders?cursor=nonsense")).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task An_order_without_an_address_takes_the_customers_default_one()
    {
        Bench.Bus.Otherwise = context =>
        {
            context.Response.StatusCode = 200;
            return context.Response.WriteAsJsonAsync(new { id = "ada", defaultAddress = new { name = "Ada", street = "2 Side St", city = "Bern", postalCode = "3000", country = "CH" } });
        };

        using var answer = await PlaceAsync(Ada, new { lines = new[] { new { sku = Sku, quantity = 1 } }, paymentToken = "tok_visa" });

        answer.StatusCode.ShouldBe(HttpStatusCode.Accepted, await answer.Content.ReadAsStringAsync());
        (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("shippingAddress").GetProperty("city").GetString().ShouldBe("Bern");
    }

    [Fact]
    public async Task With_user_service_away_orders_with_an_address_go_on_and_others_get_503_with_retry_after()
    {
        Bench.Bus.Otherwise = context =>
        {
            context.Response.StatusCode = 503;
            return Task.CompletedTask;
        };
        var unaddressed = new { lines = new[] { new { sku = Sku, quantity = 1 } }, paymentToken = "tok_visa" };

        for (var i = 0; i < 6; i++)
        {
            using var refused = await PlaceAsync(Ada, unaddressed);
            refused.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable, await refused.Content.ReadAsStringAsync());
            refused.Headers.RetryAfter.ShouldNotBeNull();
        }

        var breakers = await Bench.AsAdmin().GetFromJsonAsync<JsonElement>("/admin/breakers");
        breakers.GetProperty("items").EnumerateArray().Single(b => b.GetProperty("name").GetString() == "user-service").GetProperty("state").GetString().ShouldBe("open");
        using var addressed = await PlaceAsync(Ada, Body());
        addressed.StatusCode.ShouldBe(HttpStatusCode.Accepted);
    }

    [Fact]
    public async Task An_item_that_was_never_heard_of_is_asked_for_and_an_unknown_one_refused()
    {
        Bench.Bus.Otherwise = context =>
        {
            context.Response.StatusCode = context.Request.Path == "/api/v1/items/new" ? 200 : 404;
            return context.Response.StatusCode == 200
                ? context.Response.WriteAsJsonAsync(new { sku = "new", name = "New", price = new { amount = 700, currency = "EUR" }, available = 5 })
                : Task.CompletedTask;
        };

        using var known = await PlaceAsync(Ada, Order("new"));
        using var unknown = await PlaceAsync(Ada, Order("nothing"));

        (await known.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("total").GetProperty("amount").GetInt64().ShouldBe(700);
        unknown.StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);

        static object Order(string sku) => new
        {
            lines = new[] { new { sku, quantity = 1 } },
            paymentToken = "tok_visa",
            shippingAddress = new { name = "Ada", street = "1 Main St", city = "Berlin", postalCode = "10115", country = "DE" },
        };
    }

    [Fact]
    public async Task A_forged_message_and_a_foreign_type_are_refused_whole()
    {
        var real = BusPeer.Wrap("inventory-service", new ItemPriced { Sku = "x", Name = "x", Price = new() { Amount = 1, Currency = "EUR" } });
        var foreign = BusPeer.Wrap("inventory-service", new PaymentCaptured { OrderId = "o", PaymentId = "p" });
        var masked = real with { Source = "payment-service" };

        await RefusedAsync([real], Bench.Bus.TokenFor("inventory-service", "order-service", signer: "payment-service"), HttpStatusCode.Unauthorized);
        await RefusedAsync([real], Bench.Bus.TokenFor("inventory-service", "payment-service"), HttpStatusCode.Unauthorized);
        await RefusedAsync([real], Bench.Bus.TokenFor("inventory-service", "order-service", lifetime: TimeSpan.FromHours(1)), HttpStatusCode.Unauthorized);
        await RefusedAsync([real], "a.b.c", HttpStatusCode.Unauthorized);
        await RefusedAsync([real, foreign], Bench.Bus.TokenFor("inventory-service", "order-service"), HttpStatusCode.Forbidden);
        await RefusedAsync([masked], Bench.Bus.TokenFor("inventory-service", "order-service"), HttpStatusCode.Forbidden);

        async Task RefusedAsync(IReadOnlyList<Envelope> batch, string token, HttpStatusCode expected)
        {
            using var answer = await Bench.Bus.PostAsync(Bench.Address, batch, token, 1000, 1000 + batch.Count, epoch: 9);
            answer.StatusCode.ShouldBe(expected, await answer.Content.ReadAsStringAsync());
        }
    }
}

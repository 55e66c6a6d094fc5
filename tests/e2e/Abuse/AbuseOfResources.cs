using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Argosy.Testing;
using Shouldly;
using Xunit;

namespace Argosy.E2E.Abuse;

/// <summary>Somebody who is logged in, and wants what is not theirs, or more than there is. Numbers are those of the list of abuse cases.</summary>
[Trait("on", "embedded")]
public sealed class AbuseOfResources(Fleet fleet)
{
    private static readonly string Absent = Guid.Empty.ToString();

    [Fact]
    public async Task Case11_somebody_elses_profile_is_not_there()
    {
        var other = await fleet.CustomerAsync();
        var id = (await other.GetFromJsonAsync<JsonElement>("/api/v1/users/me")).GetProperty("id").GetString()!;
        var mine = await fleet.CustomerAsync();

        await ShouldBeAbsentAsync(mine, HttpMethod.Get, $"/api/v1/users/{id}", $"/api/v1/users/{Absent}");
        foreach (var method in new[] { HttpMethod.Patch, HttpMethod.Delete })
        {
            using var answer = await mine.SendAsync(new HttpRequestMessage(method, $"/api/v1/users/{id}") { Content = JsonContent.Create(new { name = "Eve" }) });
            answer.StatusCode.ShouldBe(HttpStatusCode.MethodNotAllowed, "people change themselves only, under /me");
        }

        (await other.GetAsync("/api/v1/users/me")).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Case12_somebody_elses_order_payment_and_shipment_are_not_there()
    {
        var other = await fleet.CustomerAsync();
        var order = await other.PlacedAsync(Orders.Body(await fleet.ItemAsync(stock: 5)));
        await other.BecomesAsync(order, "confirmed");
        var payment = (await other.GetFromJsonAsync<JsonElement>($"/api/v1/payments?orderId={order}")).GetProperty("items")[0].GetProperty("id").GetString()!;
        var shipment = await fleet.ShipmentAsync(order);
        var mine = await fleet.CustomerAsync();

        foreach (var (path, absent) in new[]
        {
            ($"/api/v1/orders/{order}", $"/api/v1/orders/{Absent}"),
            ($"/api/v1/orders/{order}/history", $"/api/v1/orders/{Absent}/history"),
            ($"/api/v1/orders/{order}/stream", $"/api/v1/orders/{Absent}/stream"),
            ($"/api/v1/payments/{payment}", $"/api/v1/payments/{Absent}"),
            ($"/api/v1/payments/{payment}/refunds", $"/api/v1/payments/{Absent}/refunds"),
            ($"/api/v1/shipments/{shipment}", $"/api/v1/shipments/{Absent}"),
        })
        {
            await ShouldBeAbsentAsync(mine, HttpMethod.Get, path, absent);
        }

        await ShouldBeAbsentAsync(mine, HttpMethod.Post, $"/api/v1/orders/{order}/cancel", $"/api/v1/orders/{Absent}/cancel");
        (await other.OrderAsync(order)).GetProperty("status").GetString().ShouldBe("confirmed");
    }

    [Fact]
    public async Task Case13_customers_are_no_administrators_by_whatever_method()
    {
        var customer = await fleet.CustomerAsync();
        var sku = await fleet.ItemAsync(stock: 1, price: 1000);
        var cheap = new { name = "A thing", price = new { amount = 1, currency = "EUR" }, stock = 1 };

        (await customer.PutAsJsonAsync($"/api/v1/items/{sku}", cheap)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await customer.PostAsync($"/api/v1/shipments/{Absent}/dispatch", null)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await customer.PostAsJsonAsync($"/api/v1/payments/{Absent}/refunds", new { amount = new { amount = 1, currency = "EUR" } })).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        foreach (var header in new[] { "X-HTTP-Method-Override", "X-Method-Override", "X-HTTP-Method" })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/items/{sku}") { Headers = { { header, "PUT" } } };
            (await customer.SendAsync(request)).StatusCode.ShouldBe(HttpStatusCode.OK, "it stays a GET");
            using var post = new HttpRequestMessage(HttpMethod.Post, $"/api/v1/items/{sku}") { Headers = { { header, "PUT" } }, Content = JsonContent.Create(cheap) };
            (await customer.SendAsync(post)).StatusCode.ShouldBe(HttpStatusCode.MethodNotAllowed);
        }

        using var unmapped = await customer.DeleteAsync($"/api/v1/orders/{Absent}");
        unmapped.StatusCode.ShouldBe(HttpStatusCode.MethodNotAllowed);
        unmapped.Content.Headers.Allow.ShouldNotBeEmpty();
        (await fleet.Admin.GetFromJsonAsync<JsonElement>($"/api/v1/items/{sku}")).GetProperty("price").GetProperty("amount").GetInt64().ShouldBe(1000);
    }

    [Theory]
    [InlineData("price", "1")]
    [InlineData("status", "\"confirmed\"")]
    [InlineData("userId", "\"somebody\"")]
    [InlineData("total", "{\"amount\":1,\"currency\":\"EUR\"}")]
    public async Task Case14_members_that_nobody_asked_for_are_refused(string name, string value)
    {
        var customer = await fleet.CustomerAsync();
        var body = JsonSerializer.SerializeToNode(Orders.Body(await fleet.ItemAsync(stock: 1)))!.AsObject();
        body[name] = JsonNode.Parse(value);
        (await customer.PlaceAsync(body)).StatusCode.ShouldBe(HttpStatusCode.BadRequest);

        body.Remove(name);
        body["lines"]![0]![name] = JsonNode.Parse(value);
        (await customer.PlaceAsync(body)).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        using var role = await fleet.Gateway.PostAsJsonAsync("/api/v1/auth/register", new { email = $"{Guid.NewGuid():N}@example.com", password = "a long walk on the shore", name = "Eve", role = "admin" });
        role.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        using var twice = new StringContent("""{"name":"Eve","name":"Mallory"}""", Encoding.UTF8, "application/json");
        (await customer.PatchAsync("/api/v1/users/me", twice)).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task Case15_answers_hold_what_their_contract_says_and_lists_hold_ones_own()
    {
        var other = await fleet.CustomerAsync();
        var sku = await fleet.ItemAsync(stock: 10);
        await other.PlacedAsync(Orders.Body(sku));
        var mine = await fleet.CustomerAsync();
        var order = await mine.PlacedAsync(Orders.Body(sku));

        var list = (await mine.GetFromJsonAsync<JsonElement>("/api/v1/orders?limit=100&fields=*&expand=user&customer=")).GetProperty("items").EnumerateArray().ToList();

        list.Select(item => item.GetProperty("id").GetString()).ShouldBe([order]);
        var whole = (await mine.OrderAsync(order)).EnumerateObject().Select(member => member.Name).ToHashSet(StringComparer.Ordinal);
        list.SelectMany(item => item.EnumerateObject().Select(member => member.Name)).ShouldAllBe(name => whole.Contains(name));
        whole.ShouldNotContain("paymentToken");
        (await mine.GetFromJsonAsync<JsonElement>("/api/v1/users/me")).EnumerateObject().Select(member => member.Name).ShouldNotContain("password");
    }

    [Theory]
    [InlineData("0")]
    [InlineData("-1")]
    [InlineData("2147483648")]
    [InlineData("1.5")]
    [InlineData("1e3")]
    [InlineData("\"1\"")]
    [InlineData("99999999999999999999999")]
    [InlineData("null")]
    public async Task Case38_a_quantity_is_a_whole_number_of_things_that_one_can_buy(string quantity)
    {
        var customer = await fleet.CustomerAsync();
        var body = JsonSerializer.SerializeToNode(Orders.Body(await fleet.ItemAsync(stock: 5)))!;
        body["lines"]![0]!["quantity"] = JsonNode.Parse(quantity);

        ((int)(await customer.PlaceAsync(body)).StatusCode).ShouldBeOneOf(400, 422);
    }

    [Fact]
    public async Task Case38_sums_that_overflow_are_refused_and_not_wrapped_around()
    {
        var dear = $"dear-{Guid.NewGuid():N}"[..16];
        (await PricedAsync(dear, 999_999_999_999)).ShouldBe(HttpStatusCode.BadRequest);
        (await PricedAsync(dear, long.MaxValue)).ShouldBe(HttpStatusCode.BadRequest);
        (await PricedAsync(dear, 99_999_999)).ShouldBe(HttpStatusCode.Created);
        var customer = await fleet.CustomerAsync();
        ((int)(await customer.PlaceAsync(Orders.Body(dear, quantity: 100))).StatusCode).ShouldBeOneOf(400, 422);

        // More than thirty-two bits hold, to the cent.
        var order = await customer.PlacedAsync(Orders.Body(dear, quantity: 99));
        (await customer.OrderAsync(order)).GetProperty("total").GetProperty("amount").GetInt64().ShouldBe(9_899_999_901);
        using var yen = await fleet.Admin.PutAsJsonAsync($"/api/v1/items/{dear}-2", new { name = "A thing", price = new { amount = 10.5, currency = "JPY" }, stock = 10 });
        yen.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        using var nowhere = await fleet.Admin.PutAsJsonAsync($"/api/v1/items/{dear}-3", new { name = "A thing", price = new { amount = 10, currency = "XXQ" }, stock = 10 });
        nowhere.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task Case39_the_last_item_is_sold_once()
    {
        var sku = await fleet.ItemAsync(stock: 1);
        var customer = await fleet.CustomerAsync();

        var orders = await Task.WhenAll(Enumerable.Range(0, 30).Select(_ => customer.PlacedAsync(Orders.Body(sku))));

        foreach (var order in orders)
        {
            await customer.BecomesAsync(order, ["confirmed", "cancelled"]);
        }

        var ended = await Task.WhenAll(orders.Select(customer.OrderAsync));
        ended.Count(order => order.GetProperty("status").GetString() == "confirmed").ShouldBe(1);
        (await fleet.StockAsync(sku)).Available.ShouldBe(0);
    }

    [Fact]
    public async Task Case39_fifty_refunds_at_once_give_back_no_more_than_was_captured()
    {
        var customer = await fleet.CustomerAsync();
        var order = await customer.PlacedAsync(Orders.Body(await fleet.ItemAsync(stock: 5, price: 1000)));
        await customer.BecomesAsync(order, "confirmed");
        var payment = (await customer.GetFromJsonAsync<JsonElement>($"/api/v1/payments?orderId={order}")).GetProperty("items")[0].GetProperty("id").GetString()!;

        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => RefundAsync(payment, 300)));

        answers.Count(status => status == HttpStatusCode.Accepted).ShouldBe(3);
        answers.ShouldAllBe(status => status == HttpStatusCode.Accepted || status == HttpStatusCode.Conflict || status == HttpStatusCode.UnprocessableEntity);
        await Eventually.HoldsAsync(async () => (await fleet.LedgerAsync(order)).Where(entry => entry.Type.Contains("refund", StringComparison.OrdinalIgnoreCase)).Sum(entry => Math.Abs(entry.Amount)) == 900, "the provider gave back 900", TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task Case39_an_order_that_is_cancelled_while_it_is_paid_for_ends_in_one_state_and_keeps_no_money()
    {
        var customer = await fleet.CustomerAsync();
        var sku = await fleet.ItemAsync(stock: 50);
        for (var i = 0; i < 5; i++)
        {
            var order = await customer.PlacedAsync(Orders.Body(sku));
            await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => customer.PostAsync($"/api/v1/orders/{order}/cancel", null)));
            await customer.BecomesAsync(order, "cancelled");
            await Eventually.HoldsAsync(async () =>
            {
                var ledger = await fleet.LedgerAsync(order);
                return Sum(ledger, "capture") == Sum(ledger, "refund");
            }, $"what was captured for {order} was given back", TimeSpan.FromSeconds(60));
        }

        static long Sum(IEnumerable<(string Type, long Amount)> ledger, string kind) =>
            ledger.Where(entry => entry.Type.Contains(kind, StringComparison.OrdinalIgnoreCase)).Sum(entry => Math.Abs(entry.Amount));
    }

    private async Task<HttpStatusCode> PricedAsync(string sku, long amount)
    {
        using var put = await fleet.Admin.PutAsJsonAsync($"/api/v1/items/{sku}", new { name = "A thing", price = new { amount, currency = "EUR" }, stock = 1000 });
        return put.StatusCode;
    }

    private async Task<HttpStatusCode> RefundAsync(string payment, long amount)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/v1/payments/{payment}/refunds") { Content = JsonContent.Create(new { amount = new { amount, currency = "EUR" }, reason = "because" }) };
        request.Headers.Add("Idempotency-Key", Guid.NewGuid().ToString());
        using var answer = await fleet.Admin.SendAsync(request);
        return answer.StatusCode;
    }

    // Byte by byte what a thing gets that never was, but for what names the request itself.
    private static async Task ShouldBeAbsentAsync(HttpClient caller, HttpMethod method, string path, string absent)
    {
        using var theirs = await caller.SendAsync(new HttpRequestMessage(method, path));
        using var never = await caller.SendAsync(new HttpRequestMessage(method, absent));
        theirs.StatusCode.ShouldBe(HttpStatusCode.NotFound, path);
        (await BodyAsync(theirs)).ShouldBe(await BodyAsync(never), path);
    }

    private static async Task<string> BodyAsync(HttpResponseMessage answer)
    {
        var problem = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!.AsObject();
        problem.Remove("traceId");
        problem.Remove("instance");
        return $"{answer.StatusCode} {answer.Content.Headers.ContentType} {problem.ToJsonString()}";
    }
}

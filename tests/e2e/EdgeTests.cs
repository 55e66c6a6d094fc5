using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Argosy.Testing;
using Shouldly;
using Xunit;

namespace Argosy.E2E;

public sealed class EdgeTests(Fleet fleet)
{
    [Fact]
    public async Task The_same_key_gives_the_same_bytes_another_body_422_and_no_key_400()
    {
        var customer = await fleet.CustomerAsync();
        var sku = await fleet.ItemAsync(stock: 50);
        var key = Guid.NewGuid().ToString();

        using var first = await customer.PlaceAsync(Orders.Body(sku), key);
        using var again = await customer.PlaceAsync(Orders.Body(sku), key);
        using var other = await customer.PlaceAsync(Orders.Body(sku, quantity: 3), key);
        using var without = await customer.PostAsync("/api/orders", new StringContent("{}", MediaTypeHeaderValue.Parse("application/json")));

        first.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        (await again.Content.ReadAsByteArrayAsync()).ShouldBe(await first.Content.ReadAsByteArrayAsync());
        other.StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        without.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task The_same_key_twice_at_once_makes_one_order()
    {
        var customer = await fleet.CustomerAsync();
        var sku = await fleet.ItemAsync(stock: 50);
        var key = Guid.NewGuid().ToString();

        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => customer.PlaceAsync(Orders.Body(sku), key)));

        answers.ShouldAllBe(answer => answer.StatusCode == HttpStatusCode.Accepted || answer.StatusCode == HttpStatusCode.Conflict);
        var bodies = await Task.WhenAll(answers.Where(answer => answer.IsSuccessStatusCode).Select(answer => answer.Content.ReadAsStringAsync()));
        bodies.Distinct().Count().ShouldBe(1);
    }

    [Theory]
    [InlineData("/bus/v1")]
    [InlineData("/admin/dead-letters")]
    [InlineData("/api/v1/../../admin/sagas")]
    [InlineData("/api/orders/..%2f..%2fadmin/sagas")]
    [InlineData("/webhooks/stripe")]
    public async Task The_gateway_leads_nowhere_that_is_not_listed(string path)
    {
        using var answer = await fleet.Admin.GetAsync(path);

        ((int)answer.StatusCode).ShouldBeOneOf(400, 404);
    }

    [Fact]
    public async Task The_fleet_s_own_load_users_and_strangers_are_each_counted_as_what_they_are()
    {
        using var stranger = fleet.Stranger();
        using var user = fleet.Stranger();
        user.DefaultRequestHeaders.Authorization = (await fleet.CustomerAsync()).DefaultRequestHeaders.Authorization;

        using var load = await fleet.Gateway.GetAsync("/api/items");
        using var address = await stranger.GetAsync("/api/items");
        using var account = await user.GetAsync("/api/items");

        load.Headers.GetValues("RateLimit-Policy").ShouldBe(["\"demo\";q=1000000;w=60"]);
        address.Headers.GetValues("RateLimit-Policy").ShouldBe(["\"default\";q=100;w=60"]);
        account.Headers.GetValues("RateLimit").ShouldBe(["\"default\";r=99;t=60"], "who has just come has asked nothing before");
    }

    [Fact]
    public async Task Anything_that_looks_like_a_card_number_is_refused()
    {
        var customer = await fleet.CustomerAsync();
        var sku = await fleet.ItemAsync(stock: 5);

        using var asToken = await customer.PlaceAsync(Orders.Body(sku, token: "4242424242424242"));
        using var inAddress = await customer.PlaceAsync(new
        {
            lines = new[] { new { sku, quantity = 1 } },
            paymentToken = "tok_visa",
            shippingAddress = new { name = "4242 4242 4242 4242", street = "1 Main St", city = "Berlin", postalCode = "10115", country = "DE" },
        });

        asToken.StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        inAddress.StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
    }

    [Fact]
    [Trait("on", "embedded")]
    public async Task A_batch_without_a_services_own_signature_is_refused()
    {
        foreach (var service in fleet.Processes.Where(name => name is not ("gateway" or "payment-provider")))
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(fleet.AddressOf(service), "/bus/v1")) { Content = new ByteArrayContent([1, 2, 3]) };
            request.Headers.Authorization = fleet.Admin.DefaultRequestHeaders.Authorization;
            using var answer = await fleet.Gateway.SendAsync(request);

            answer.StatusCode.ShouldBe(HttpStatusCode.Unauthorized, service);
        }
    }

    [Fact]
    public async Task Operators_pages_are_for_administrators()
    {
        var customer = await fleet.CustomerAsync();
        var page = new Uri(fleet.AddressOf("order-service"), "/admin/sagas");

        (await customer.GetAsync(page)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await fleet.Gateway.GetAsync(page)).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        (await fleet.Admin.GetAsync(page)).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task One_trace_covers_the_whole_order_joined_over_the_bus()
    {
        var customer = await fleet.CustomerAsync();
        var sku = await fleet.ItemAsync(stock: 5);
        var correlation = $"e2e-{Guid.NewGuid():N}";
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/orders") { Content = JsonContent.Create(Orders.Body(sku)) };
        request.Headers.Add("Idempotency-Key", correlation);
        request.Headers.Add("X-Correlation-Id", correlation);
        using var answer = await customer.SendAsync(request);
        answer.StatusCode.ShouldBe(HttpStatusCode.Accepted, await answer.Content.ReadAsStringAsync());
        answer.Headers.GetValues("X-Correlation-Id").ShouldBe([correlation]);

        string[] touched = ["order-service", "inventory-service", "payment-service", "shipping-service", "notification-service"];
        await Eventually.HoldsAsync(
            () => touched.All(service => Traces(service, correlation).Length > 0),
            $"{correlation} is in the logs of {string.Join(", ", touched)}", TimeSpan.FromSeconds(30));
        touched.SelectMany(service => Traces(service, correlation)).Distinct().Count().ShouldBe(1);
    }

    // The trace ids of a service's log lines that carry the correlation id.
    private string[] Traces(string service, string correlation) =>
    [
        .. fleet.InstancesOf(service).SelectMany(instance => ReadLog(instance).Split('\n').Where(line => line.StartsWith('{') && line.Contains(correlation, StringComparison.Ordinal))
            .Select(line => JsonDocument.Parse(line).RootElement.GetProperty("trace_id").GetString()!)).Distinct(),
    ];

    private string ReadLog(string process)
    {
        using var file = new FileStream(Path.Combine(fleet.Data, "logs", $"{process}.log"), FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(file);
        return reader.ReadToEnd();
    }
}

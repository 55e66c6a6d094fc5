using System.Net;
using Argosy.Testing;
using Shouldly;
using Xunit;

namespace Argosy.Gateway.Tests;

public sealed class RoutingTests(PublicGateway bench) : IClassFixture<PublicGateway>
{
    [Theory]
    [InlineData("/api/v1/orders", "/api/v1/orders")]
    [InlineData("/api/orders", "/api/v1/orders")]
    [InlineData("/api/orders/7/cancel", "/api/v1/orders/7/cancel")]
    [InlineData("/api/orders?limit=5&q=/../%2f", "/api/v1/orders?limit=5&q=/../%2f")]
    [InlineData("/api/orders/%41/../b%c3%a9", "/api/v1/orders/b%C3%A9")]
    [InlineData(@"/api\orders\7", "/api/v1/orders/7")]
    [InlineData("/api/v1/users/../orders/7", "/api/v1/orders/7")]
    [InlineData("http://127.0.0.1/api/orders", "/api/v1/orders")]
    [InlineData("/.well-known/jwks.json", "/.well-known/jwks.json")]
    [InlineData("/connect/token", "/connect/token")]
    public async Task A_public_path_arrives_normalised_and_rewritten(string target, string arrives)
    {
        var answer = await Wire.GetAsync(bench.Port, target);
        Wire.Status(answer).ShouldBe(200);
        answer.ShouldContain($"\r\n\r\n{arrives.Length:x}\r\n{arrives}\r\n");
    }

    [Theory]
    [InlineData("/api/ordersX")]
    [InlineData("/api/v1/ordersX")]
    [InlineData("/api/v1")]
    [InlineData("/")]
    [InlineData("/bus/v1")]
    [InlineData("/admin/dead-letters")]
    [InlineData("/admin/breakers")]
    [InlineData("/webhooks/stripe")]
    [InlineData("/metrics/")]
    [InlineData("/api/v1/orders/../../../admin/dead-letters")]
    [InlineData("/api/v1/orders/%2e%2e/%2e%2e/%2e%2e/bus/v1")]
    [InlineData("/ready/..")]
    public Task What_is_not_listed_is_404(string target) => IsTurnedAway(target, 404);

    /// <summary>Row 20 of the abuse cases.</summary>
    [Theory]
    [InlineData("/api/orders/..%2f..%2fadmin")]
    [InlineData("/api/orders/..%2F..%2F..%2Fadmin")]
    [InlineData("/api/orders/..%5c..%5cadmin")]
    [InlineData("/api/orders/%252e%252e/admin")]
    [InlineData("/api/orders/%25%32%65%25%32%65/admin")]
    [InlineData("/api/orders//admin")]
    [InlineData("//api/orders")]
    [InlineData("/api/orders/..;/admin")]
    [InlineData("/api/orders;x=1")]
    [InlineData("/api/orders/%3b/admin")]
    [InlineData("/api/orders/%00")]
    [InlineData("/api/orders/%0d%0aX: y")]
    [InlineData("/api/orders/%c0%ae%c0%ae/admin")]
    [InlineData("/api/orders/%")]
    [InlineData("/api/orders/%zz")]
    [InlineData("/api/orders/../../../../admin")]
    [InlineData("/../admin")]
    [InlineData("/api/orders#/admin")]
    [InlineData("/api/orders/\u00e9")]
    [InlineData("api/orders")]
    [InlineData("http://127.0.0.1//admin")]
    public Task A_path_with_tricks_is_400(string target) => IsTurnedAway(target, 400);

    [Theory]
    [InlineData("TRACE")]
    [InlineData("PROPFIND")]
    [InlineData("get")]
    public async Task A_method_that_no_service_takes_is_405(string method)
    {
        var before = bench.Backend.Arrivals.Count;
        var answer = await Wire.ExchangeAsync(bench.Port, $"{method} /api/orders HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        Wire.Status(answer).ShouldBe(405);
        answer.ShouldContain("Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
        bench.Backend.Arrivals.Count.ShouldBe(before);
    }

    [Fact]
    public async Task An_unknown_path_is_a_problem_with_a_trace_id()
    {
        using var answer = await bench.Gateway.Http.GetAsync("/nowhere");
        answer.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        answer.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
        var text = await answer.Content.ReadAsStringAsync();
        text.ShouldContain("\"type\":\"urn:argosy:problem:gateway.no-route\"");
        text.ShouldMatch("\"traceId\":\"[0-9a-f]{32}\"");
    }

    [Fact]
    public async Task A_body_and_its_type_arrive_as_they_were_sent()
    {
        using var body = new StringContent("{\"sku\":\"é\"}", System.Text.Encoding.UTF8, "application/json");
        using var answer = await bench.Gateway.Http.PostAsync("/api/orders", body);
        answer.EnsureSuccessStatusCode();
        var arrival = bench.Backend.Arrivals.Last(a => a.Method == "POST");
        arrival.Target.ShouldBe("/api/v1/orders");
        arrival.Body.ShouldBe("{\"sku\":\"é\"}");
        arrival.Headers["Content-Type"].ShouldBe("application/json; charset=utf-8");
        arrival.Headers["Content-Length"].ShouldBe("12");
        arrival.Headers.ShouldNotContainKey("Transfer-Encoding");
    }

    [Fact]
    public async Task Health_and_readiness_are_its_own()
    {
        var before = bench.Backend.Arrivals.Count;
        (await bench.Gateway.Http.GetStringAsync("/health")).ShouldContain("\"service\":\"gateway\"");
        (await bench.Gateway.Http.GetStringAsync("/ready")).ShouldContain("\"order-service\":\"ok\"");
        bench.Backend.Arrivals.Count.ShouldBe(before);
    }

    [Fact]
    public async Task Metrics_are_its_own_and_call_requests_by_their_rule()
    {
        using var order = await bench.Gateway.Http.GetAsync($"/api/orders/{Guid.NewGuid()}");
        var before = bench.Backend.Arrivals.Count;

        var metrics = await bench.Gateway.Http.GetStringAsync("/metrics");

        bench.Backend.Arrivals.Count.ShouldBe(before);
        metrics.ShouldContain("target_info{service_name=\"gateway\"");
        metrics.Split('\n').ShouldContain(line => line.StartsWith("service_requests_total{endpoint=\"orders", StringComparison.Ordinal));
        metrics.ShouldNotContain("/api/orders/");
    }

    [Fact]
    public async Task In_production_the_public_port_shows_no_metrics()
    {
        var environment = GatewayBench.Environment(GatewayBench.Everywhere(bench.Backend.Address));
        environment.Remove("ARGOSY_PROFILE");
        environment["METRICS_PORT"] = $"{ServiceProcess.FreePort()}";
        await using var apart = await ServiceProcess.Start(GatewayBench.Dll, environment).ReadyAsync();
        (await apart.Http.GetAsync("/metrics")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await apart.Http.GetAsync(new Uri($"http://127.0.0.1:{environment["METRICS_PORT"]}/metrics"))).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await apart.Http.GetAsync(new Uri($"http://127.0.0.1:{environment["METRICS_PORT"]}/api/orders"))).StatusCode.ShouldBe(HttpStatusCode.NotFound);

        environment.Remove("METRICS_PORT");
        environment["SERVICE_PORT"] = $"{ServiceProcess.FreePort()}";
        await using var without = await ServiceProcess.Start(GatewayBench.Dll, environment).ReadyAsync();
        (await without.Http.GetAsync("/metrics")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    private async Task IsTurnedAway(string target, int status)
    {
        var before = bench.Backend.Arrivals.Count;
        var answer = await Wire.GetAsync(bench.Port, target);
        Wire.Status(answer).ShouldBe(status, answer);
        bench.Backend.Arrivals.Count.ShouldBe(before);
    }
}

using Shouldly;
using Xunit;

namespace Argosy.Gateway.Tests;

public sealed class HeaderTests(PublicGateway bench) : IClassFixture<PublicGateway>
{
    [Theory]
    [InlineData("X-User-Id: 7")]
    [InlineData("x-user-roles: admin")]
    [InlineData("X-Original-URL: /admin")]
    [InlineData("X-Rewrite-URL: /admin")]
    [InlineData("X-Real-IP: 10.0.0.1")]
    [InlineData("Forwarded: for=10.0.0.1")]
    [InlineData("X-Forwarded-Port: 1")]
    [InlineData("X-Envoy-Decorator-Operation: x")]
    [InlineData("X-HTTP-Method-Override: DELETE")]
    [InlineData("X-Method-Override: DELETE")]
    [InlineData("baggage: correlation.id=forged")]
    [InlineData("tracestate: forged=1")]
    [InlineData("Keep-Alive: timeout=5")]
    [InlineData("TE: trailers")]
    [InlineData("Proxy-Authorization: Basic eA==")]
    [InlineData("Upgrade: h2c")]
    [InlineData("HTTP2-Settings: AAMAAABkAAQAAP__")]
    [InlineData("Proxy: http://10.0.0.1")]
    public async Task What_only_the_gateway_may_say_or_belongs_to_the_connection_stays_outside(string header)
    {
        var arrival = await ArriveAsync(header);
        arrival.Headers.ShouldNotContainKey(header[..header.IndexOf(':', StringComparison.Ordinal)]);
    }

    [Theory]
    [InlineData("Authorization: Bearer x.y.z")]
    [InlineData("Idempotency-Key: 018f")]
    [InlineData("If-Match: \"3\"")]
    [InlineData("Accept: text/event-stream")]
    [InlineData("Last-Event-ID: 4")]
    [InlineData("Cookie: a=1; b=2")]
    [InlineData("User-Agent: caf\u00e9")]
    public async Task What_is_meant_for_the_service_arrives(string header)
    {
        var (name, value) = (header[..header.IndexOf(':', StringComparison.Ordinal)], header[(header.IndexOf(' ', StringComparison.Ordinal) + 1)..]);
        (await ArriveAsync(header, "latin1")).Headers[name].ShouldBe(value);
    }

    [Fact]
    public async Task Headers_that_Connection_names_are_dropped_and_no_others()
    {
        var arrival = await ArriveAsync("Connection: X-Secret , authorization\r\nX-Secret: 1\r\nAuthorization: Bearer x\r\nX-Kept: 2");
        arrival.Headers.ShouldNotContainKey("X-Secret");
        arrival.Headers.ShouldNotContainKey("Authorization");
        arrival.Headers.ShouldNotContainKey("Connection");
        arrival.Headers["X-Kept"].ShouldBe("2");
        arrival.Headers.ShouldContainKey("X-Forwarded-For");
    }

    [Fact]
    public async Task Where_a_request_comes_from_is_what_the_gateway_saw()
    {
        var arrival = await ArriveAsync("X-Forwarded-For: 10.0.0.1\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\nX-Envoy-Original-Path: /admin");
        arrival.Headers["X-Forwarded-For"].ShouldBe("127.0.0.1");
        arrival.Headers["X-Forwarded-Proto"].ShouldBe("http");
        arrival.Headers["X-Forwarded-Host"].ShouldBe("argosy.test");
        arrival.Headers["Host"].ShouldBe(bench.Backend.Address.Authority);
        arrival.Headers["X-Envoy-Original-Path"].ShouldStartWith("/api/items/");
    }

    [Theory]
    [InlineData("order-42_x.Y")]
    [InlineData("a")]
    public async Task A_usable_correlation_id_goes_along_and_comes_back(string id)
    {
        var answer = await SendAsync($"X-Correlation-Id: {id}");
        answer.ShouldContain($"X-Correlation-Id: {id}\r\n");
        bench.Backend.Arrivals.Last().Headers["X-Correlation-Id"].ShouldBe(id);
    }

    [Theory]
    [InlineData("")]
    [InlineData("has space")]
    [InlineData("<script>")]
    [InlineData("a, b")]
    public async Task Any_other_correlation_id_is_replaced(string id)
    {
        await SendAsync($"X-Correlation-Id: {id}");
        bench.Backend.Arrivals.Last().Headers["X-Correlation-Id"].ShouldMatch("^[0-9a-f]{32}$");
        await SendAsync($"X-Correlation-Id: {new string('a', 129)}");
        bench.Backend.Arrivals.Last().Headers["X-Correlation-Id"].ShouldMatch("^[0-9a-f]{32}$");
    }

    [Fact]
    public async Task A_trace_begins_here()
    {
        var arrival = await ArriveAsync("traceparent: 00-11111111111111111111111111111111-2222222222222222-01");
        arrival.Headers["traceparent"].ShouldMatch("^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$");
        arrival.Headers["traceparent"].ShouldNotContain("11111111111111111111111111111111");
    }

    [Fact]
    public async Task A_service_is_told_how_long_it_has_and_a_stream_has_no_end()
    {
        (await ArriveAsync("X-Deadline-Ms: 999999")).Headers["X-Deadline-Ms"].ShouldBe("10000");
        using var stream = await bench.Gateway.Http.GetAsync("/api/orders/7/stream");
        bench.Backend.Arrivals.Last().Headers.ShouldNotContainKey("X-Deadline-Ms");
    }

    [Fact]
    public async Task Neither_tokens_nor_paths_nor_queries_are_logged()
    {
        await Wire.GetAsync(bench.Port, "/api/orders/canary-path?access_token=canary-query", "Authorization: Bearer canary-token\r\nCookie: a=canary-cookie\r\n");
        await Wire.GetAsync(bench.Port, "/canary-path//?canary-query", "Authorization: Bearer canary-token\r\n");
        (await SendAsync("X-Correlation-Id: the-end")).ShouldNotBeEmpty();
        await Argosy.Testing.Eventually.HoldsAsync(
            () => bench.Gateway.Output.Any(line => line.Contains("\"correlation_id\":\"the-end\"", StringComparison.Ordinal)), "the last request is logged");
        bench.Gateway.Output.ShouldContain(line => line.Contains("GET orders-unversioned 200 by order-service", StringComparison.Ordinal));
        bench.Gateway.Output.Concat(bench.Gateway.Errors).ShouldNotContain(line => line.Contains("canary", StringComparison.Ordinal));
    }

    private async Task<Arrival> ArriveAsync(string headers, string mark = "x")
    {
        var path = $"/api/items/{mark}-{Guid.NewGuid():n}";
        var answer = await Wire.ExchangeAsync(bench.Port, $"GET {path} HTTP/1.0\r\nHost: argosy.test\r\n{headers}\r\n\r\n");
        Wire.Status(answer).ShouldBe(200, answer);
        return bench.Backend.Arrivals.Single(a => a.Target.EndsWith(path["/api".Length..], StringComparison.Ordinal));
    }

    private Task<string> SendAsync(string header) => Wire.GetAsync(bench.Port, "/api/items", header + "\r\n");
}

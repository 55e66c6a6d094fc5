using System.Net;
using Argosy.Testing;
using Microsoft.AspNetCore.Http;
using Shouldly;
using Xunit;

namespace Argosy.Gateway.Tests;

/// <summary>Whose pages may ask, and what every answer tells a browser.</summary>
public sealed class BrowserTests
{
    private const string Shop = "https://shop.example";

    [Fact]
    public async Task A_preflight_of_a_listed_origin_is_answered_here_and_its_requests_may_be_read()
    {
        await using var gateway = await LimitedGateway.StartAsync(("CORS_ORIGINS", $"{Shop},http://127.0.0.1:3000"));
        var client = gateway.From("127.0.0.1");

        using var preflight = await PreflightAsync(client, Shop);
        preflight.StatusCode.ShouldBe(HttpStatusCode.NoContent);
        preflight.Said("Access-Control-Allow-Origin").ShouldBe(Shop);
        preflight.Said("Access-Control-Allow-Methods").ShouldBe("PATCH");
        preflight.Said("Access-Control-Allow-Headers").ShouldBe("authorization,if-match");
        preflight.Said("Access-Control-Allow-Credentials").ShouldBeNull();
        gateway.Backend.Arrivals.ShouldBeEmpty();

        using var answer = await client.AskAsync(HttpMethod.Get, "/api/items", ("Origin", Shop));
        answer.Said("Access-Control-Allow-Origin").ShouldBe(Shop);
        answer.Said("Access-Control-Expose-Headers")!.ShouldContain("RateLimit");
        answer.Said("Vary")!.ShouldContain("Origin");
        await client.ReadAsync(15);
        using var refused = await client.AskAsync(HttpMethod.Get, "/api/items", ("Origin", Shop));
        refused.StatusCode.ShouldBe(HttpStatusCode.TooManyRequests);
        refused.Said("Access-Control-Allow-Origin").ShouldBe(Shop, "a page may read why it was refused");
    }

    [Theory]
    [InlineData("https://shop.example.evil.example")]
    [InlineData("http://shop.example")]
    [InlineData("https://shop.example:8443")]
    [InlineData("null")]
    public async Task Any_other_origin_is_told_nothing(string origin)
    {
        await using var gateway = await LimitedGateway.StartAsync(("CORS_ORIGINS", Shop));
        var client = gateway.From("127.0.0.1");

        using var preflight = await PreflightAsync(client, origin);
        using var answer = await client.AskAsync(HttpMethod.Get, "/api/items", ("Origin", origin));

        preflight.Said("Access-Control-Allow-Origin").ShouldBeNull();
        answer.Said("Access-Control-Allow-Origin").ShouldBeNull();
    }

    [Fact]
    public async Task Without_origins_no_page_may_ask_and_preflights_reach_nobody()
    {
        await using var gateway = await LimitedGateway.StartAsync();

        using var preflight = await PreflightAsync(gateway.From("127.0.0.1"), Shop);

        preflight.Said("Access-Control-Allow-Origin").ShouldBeNull();
        gateway.Backend.Arrivals.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("/api/items", 200)]
    [InlineData("/nowhere", 404)]
    [InlineData("/api/orders/..%2f", 400)]
    [InlineData("/health", 200)]
    public async Task Every_answer_tells_browsers_to_be_careful(string path, int status)
    {
        await using var gateway = await LimitedGateway.StartAsync();
        var answer = await Wire.GetAsync(gateway.Process.Http.BaseAddress!.Port, path);

        Wire.Status(answer).ShouldBe(status);
        answer.ShouldContain("X-Content-Type-Options: nosniff\r\n");
        answer.ShouldContain("Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n");
        answer.ShouldContain("Referrer-Policy: no-referrer\r\n");
        answer.ShouldNotContain("Strict-Transport-Security");
    }

    [Fact]
    public async Task A_service_s_own_policy_and_its_word_on_caching_stay()
    {
        await using var page = await Backend.StartAsync(context =>
        {
            context.Response.Headers.ContentSecurityPolicy = "default-src 'self'";
            context.Response.Headers.CacheControl = "max-age=60";
            return Task.CompletedTask;
        });
        await using var gateway = await GatewayBench.StartAsync(GatewayBench.Everywhere(page.Address));

        using var answer = await gateway.Http.GetAsync("/api/items");

        answer.Said("Content-Security-Policy").ShouldBe("default-src 'self'");
        answer.Said("Cache-Control").ShouldBe("max-age=60");
    }

    [Fact]
    public async Task Https_is_promised_where_a_trusted_proxy_says_that_the_request_came_by_it()
    {
        await using var gateway = await LimitedGateway.StartAsync(("TRUSTED_PROXIES", "127.0.0.1/32"));

        using var encrypted = await gateway.From("127.0.0.1").AskAsync(HttpMethod.Get, "/api/items", ("X-Forwarded-Proto", "https"));
        using var claimed = await gateway.From("127.0.0.2").AskAsync(HttpMethod.Get, "/api/items", ("X-Forwarded-Proto", "https"));

        encrypted.Said("Strict-Transport-Security").ShouldBe("max-age=31536000");
        claimed.Said("Strict-Transport-Security").ShouldBeNull();
        gateway.Backend.Arrivals.Select(arrival => arrival.Headers["X-Forwarded-Proto"]).ShouldBe(["https", "http"]);
    }

    private static Task<HttpResponseMessage> PreflightAsync(HttpClient client, string origin) => client.AskAsync(
        HttpMethod.Options, "/api/users/me", ("Origin", origin), ("Access-Control-Request-Method", "PATCH"), ("Access-Control-Request-Headers", "authorization,if-match"));
}

using System.Globalization;
using System.Net;
using System.Text.Json;
using Argosy.Testing;
using Shouldly;
using Xunit;

namespace Argosy.Gateway.Tests;

/// <summary>How often somebody may ask, and what they are told of it.</summary>
public sealed class RateLimitTests
{
    [Fact]
    public async Task Who_has_used_up_the_quota_is_told_in_headers_and_as_a_problem_and_nobody_is_asked()
    {
        await using var gateway = await LimitedGateway.StartAsync();
        var client = gateway.From("127.0.0.1");
        (await client.ReadAsync(10)).ShouldBe(10);
        var arrived = gateway.Backend.Arrivals.Count;

        using var refused = await client.GetAsync("/api/items");

        refused.StatusCode.ShouldBe(HttpStatusCode.TooManyRequests);
        refused.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
        refused.Said("RateLimit-Policy").ShouldBe("\"default\";q=10;w=3600");
        var seconds = int.Parse(refused.Said("RateLimit")!["\"default\";r=0;t=".Length..], CultureInfo.InvariantCulture);
        seconds.ShouldBeInRange(300, 360);                                              // one in six minutes
        refused.Headers.RetryAfter!.Delta!.Value.TotalSeconds.ShouldBeInRange(seconds, Math.Ceiling(seconds * 1.25));
        refused.Said("X-Correlation-Id").ShouldNotBeNull();
        var problem = JsonSerializer.Deserialize<JsonElement>(await refused.Content.ReadAsStringAsync());
        problem.GetProperty("type").GetString().ShouldBe("https://iana.org/assignments/http-problem-types#quota-exceeded");
        problem.GetProperty("status").GetInt32().ShouldBe(429);
        problem.GetProperty("violated-policies").EnumerateArray().Single().GetString().ShouldBe("default");
        problem.GetProperty("detail").GetString()!.ShouldStartWith("You may ask 10 times in 3600 s here, and have; ask again in ");
        gateway.Backend.Arrivals.Count.ShouldBe(arrived);
    }

    [Fact]
    public async Task Every_answer_says_what_is_left_and_over_which_time_to_spread_it()
    {
        await using var gateway = await LimitedGateway.StartAsync();
        var client = gateway.From("127.0.0.1");

        using var first = await client.GetAsync("/api/items");
        using var second = await client.GetAsync("/api/orders/7/stream");

        first.Said("RateLimit-Policy").ShouldBe("\"default\";q=10;w=3600");
        first.Said("RateLimit").ShouldBe("\"default\";r=9;t=3240");
        second.Said("RateLimit").ShouldBe("\"default\";r=8;t=2880");
    }

    [Fact]
    public async Task One_caller_follows_as_many_streams_as_a_person_may_want_and_leaves_places_to_others()
    {
        await using var streams = await Backend.StartAsync(async context =>
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.Body.FlushAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        });
        await using var gateway = await LimitedGateway.StartAsync(("API_LIMITS", GatewayBench.PublicLimits), ("CLIENT_KEYS", Path.GetDirectoryName(GatewayBench.PublicLimits)!), ("SERVICE_ENDPOINTS", GatewayBench.Everywhere(streams.Address)));
        var (ada, eve) = (gateway.User("ada", "127.0.0.1"), gateway.User("eve", "127.0.0.1"));
        var followed = new List<HttpResponseMessage>();
        try
        {
            while (followed.LastOrDefault() is not { IsSuccessStatusCode: false })
            {
                followed.Add(await ada.GetAsync("/api/notifications/stream", HttpCompletionOption.ResponseHeadersRead));
            }

            followed.Count.ShouldBe(33);
            followed[^1].StatusCode.ShouldBe(HttpStatusCode.TooManyRequests);
            (await followed[^1].Content.ReadAsStringAsync()).ShouldContain("end one of them");
            using var others = await eve.GetAsync("/api/notifications/stream", HttpCompletionOption.ResponseHeadersRead);
            others.StatusCode.ShouldBe(HttpStatusCode.OK);

            followed[0].Dispose();
            await Eventually.HoldsAsync(async () =>
            {
                using var next = await ada.GetAsync("/api/notifications/stream", HttpCompletionOption.ResponseHeadersRead);
                return next.IsSuccessStatusCode;
            }, "her place is free again");
        }
        finally
        {
            followed.ForEach(answer => answer.Dispose());
        }
    }

    [Fact]
    public async Task The_documentation_is_counted_too()
    {
        await using var gateway = await LimitedGateway.StartAsync();
        var client = gateway.From("127.0.0.1");
        (await client.PassAsync(15, HttpMethod.Get, "/docs/start.js")).ShouldBe(10);
        (await client.ReadAsync(1)).ShouldBe(0);
    }

    [Fact]
    public async Task Who_has_a_browser_in_front_of_them_gets_a_page_and_programs_get_problem_details()
    {
        const string Browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
        await using var gateway = await LimitedGateway.StartAsync();
        var client = gateway.From("127.0.0.1");
        await client.ReadAsync(11);

        foreach (var (method, path) in new[] { (HttpMethod.Get, "/docs"), (HttpMethod.Post, "/connect/authorize") })
        {
            using var page = await client.AskAsync(method, path, ("Accept", Browser));
            page.StatusCode.ShouldBe(HttpStatusCode.TooManyRequests);
            page.Content.Headers.ContentType!.MediaType.ShouldBe("text/html");
            page.Said("RateLimit-Policy").ShouldBe("\"default\";q=10;w=3600");
            page.Said("Content-Security-Policy")!.ShouldStartWith("default-src 'none'; style-src 'sha256-");
            page.Said("X-Content-Type-Options").ShouldBe("nosniff");
            (await page.Content.ReadAsStringAsync()).ShouldContain($"<p>In {page.Said("Retry-After")} seconds go back,");
        }

        foreach (var accept in new[] { "*/*", "application/json", "application/json, text/html;q=0.5", "text/html;q=0", "text/*" })
        {
            using var problem = await client.AskAsync(HttpMethod.Get, "/docs", ("Accept", accept));
            problem.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json", accept);
        }
    }

    [Fact]
    public async Task The_log_names_the_gateway_where_it_was_the_gateway_that_refused()
    {
        await using var gateway = await LimitedGateway.StartAsync();

        await gateway.From("127.0.0.1").ReadAsync(11);

        await Eventually.HoldsAsync(() => gateway.Process.Output.Any(line => line.Contains("429 by gateway (Refused)", StringComparison.Ordinal)), "the refusal is in the log");
        gateway.Process.Output.ShouldContain(line => line.Contains("200 by inventory-service (Answered)", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Another_caller_has_a_quota_of_their_own()
    {
        await using var gateway = await LimitedGateway.StartAsync();

        (await gateway.From("127.0.0.1").ReadAsync(15)).ShouldBe(10);
        (await gateway.From("127.0.0.2").ReadAsync(15)).ShouldBe(10);
    }

    [Fact]
    public async Task A_strict_route_has_a_quota_on_top_and_its_refusals_leave_the_other_alone()
    {
        await using var gateway = await LimitedGateway.StartAsync();
        var client = gateway.From("127.0.0.1");
        using var first = await client.PostAsync("/api/orders", null);
        first.Said("RateLimit-Policy").ShouldBe("\"strict\";q=4;w=3600, \"default\";q=10;w=3600");
        first.Said("RateLimit").ShouldBe("\"strict\";r=3;t=2700, \"default\";r=9;t=3240");

        (await client.OrderAsync(30)).ShouldBe(3);
        using var refused = await client.PostAsync("/api/v1/orders", null);
        refused.Said("RateLimit-Policy").ShouldBe("\"strict\";q=4;w=3600, \"default\";q=10;w=3600");
        refused.Said("RateLimit")!.ShouldStartWith("\"strict\";r=0;t=");
        (await client.ReadAsync(30)).ShouldBe(6);
    }

    [Theory]
    [InlineData("/api/v1/orders/")]
    [InlineData("/api/v1/auth/LOGIN")]
    [InlineData("/api/v1/auth/login/")]
    [InlineData("/api/auth/log%69n")]
    [InlineData("/api/v1/auth/./x/../login")]
    [InlineData("/api/auth/login?x=1")]
    public async Task Another_spelling_of_a_strict_route_is_no_way_around_it(string path)
    {
        await using var gateway = await LimitedGateway.StartAsync();

        (await gateway.From("127.0.0.1").PassAsync(8, HttpMethod.Post, path)).ShouldBe(4);
    }

    [Fact]
    public async Task Probes_metrics_and_preflights_are_not_limited()
    {
        await using var gateway = await LimitedGateway.StartAsync();
        var client = gateway.From("127.0.0.1");

        foreach (var path in new[] { "/health", "/ready", "/metrics" })
        {
            (await client.PassAsync(15, HttpMethod.Get, path)).ShouldBe(15);
        }

        (await client.PassAsync(15, HttpMethod.Options, "/api/items", _ => [("Origin", "https://shop.example"), ("Access-Control-Request-Method", "GET")])).ShouldBe(15);
        (await client.ReadAsync(15)).ShouldBe(10);
    }

    [Fact]
    public async Task Refusals_are_counted_by_policy()
    {
        await using var gateway = await LimitedGateway.StartAsync();
        await gateway.From("127.0.0.1").OrderAsync(6);

        var metrics = await gateway.Process.Http.GetStringAsync("/metrics");

        metrics.ShouldContain("argosy_limit_refusals_total{argosy_limit_policy=\"strict\"} 2");
        metrics.ShouldContain("service_requests_total{endpoint=\"orders-unversioned\",method=\"POST\",status=\"429\"} 2");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Without_limits_nobody_is_limited_clients_are_known_no_header_says_otherwise_and_the_log_warns(bool hasFile)
    {
        await using var gateway = await LimitedGateway.StartAsync(hasFile ? [("RATE_LIMITS", "off")] : [("RATE_LIMITS", "off"), ("API_LIMITS", "")]);
        var client = gateway.From("127.0.0.1");

        (await client.ReadAsync(30)).ShouldBe(30);
        using var answer = await client.AskAsync(HttpMethod.Get, "/api/items", ("X-API-Key", LimitedGateway.ClientKey));
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        answer.Said("RateLimit").ShouldBeNull();
        answer.Said("RateLimit-Policy").ShouldBeNull();
        gateway.Backend.Arrivals.Last().Headers.ShouldNotContainKey("X-API-Key");
        await Eventually.HoldsAsync(
            () => gateway.Process.Output.Any(line => line.Contains("\"warning\"", StringComparison.Ordinal) && line.Contains("RATE_LIMITS is off", StringComparison.Ordinal)), "the log warns");
    }

    [Fact]
    public async Task The_limits_that_come_with_the_platform_are_100_a_minute_and_10_where_it_is_worth_most()
    {
        await using var gateway = await LimitedGateway.StartAsync(("API_LIMITS", GatewayBench.PublicLimits), ("CLIENT_KEYS", ""));
        var client = gateway.From("127.0.0.1");

        foreach (var path in new[] { "/api/v1/auth/register", "/api/v1/auth/login", "/connect/token", "/api/v1/orders" })
        {
            using var strict = await client.PostAsync(path, null);
            strict.Said("RateLimit-Policy").ShouldBe("\"strict\";q=10;w=60, \"default\";q=100;w=60", path);
        }

        using var cancel = await client.PostAsync("/api/v1/orders/7/cancel", null);
        cancel.Said("RateLimit-Policy").ShouldBe("\"default\";q=100;w=60");
    }
}

using System.Net;
using Shouldly;
using Xunit;

namespace Argosy.Gateway.Tests;

/// <summary>Who is counted: a client, a user, an address, and never what somebody says of themselves.</summary>
public sealed class CallerTests
{
    private const string Proxy = "127.0.0.1";

    /// <summary>Row 24 of the abuse cases.</summary>
    [Theory]
    [InlineData("X-Forwarded-For")]
    [InlineData("Forwarded")]
    [InlineData("X-Real-IP")]
    [InlineData("X-Original-For")]
    public async Task Rotating_addresses_in_headers_are_one_caller(string header)
    {
        await using var gateway = await LimitedGateway.StartAsync();

        (await gateway.From(Proxy).ReadAsync(30, i => [(header, header == "Forwarded" ? $"for=10.0.0.{i}" : $"10.0.0.{i}")])).ShouldBe(10);
    }

    [Fact]
    public async Task A_trusted_proxy_tells_addresses_apart_and_what_its_client_made_up_is_not_believed()
    {
        await using var gateway = await LimitedGateway.StartAsync(("TRUSTED_PROXIES", "127.0.0.1/32, 10.0.0.0/8"));
        var proxy = gateway.From(Proxy);

        (await proxy.ReadAsync(15, _ => [("X-Forwarded-For", "198.51.100.1")])).ShouldBe(10);
        (await proxy.ReadAsync(15, _ => [("X-Forwarded-For", "198.51.100.2, 10.1.2.3")])).ShouldBe(10, "the proxy behind the proxy is one too");
        (await proxy.ReadAsync(15, i => [("X-Forwarded-For", $"203.0.113.{i}, 198.51.100.1")])).ShouldBe(0, "what stands to the left is the client's own word");
        (await gateway.From("127.0.0.2").ReadAsync(15, i => [("X-Forwarded-For", $"203.0.113.{i}")])).ShouldBe(10, "who is no proxy is not believed");
        gateway.Backend.Arrivals.First(arrival => arrival.Target == "/api/v1/items").Headers["X-Forwarded-For"].ShouldBe("198.51.100.1");
    }

    [Fact]
    public async Task Of_IPv6_the_first_64_bits_are_one_caller_and_a_mapped_IPv4_address_is_itself()
    {
        await using var gateway = await LimitedGateway.StartAsync(("TRUSTED_PROXIES", "127.0.0.1/32"));
        var proxy = gateway.From(Proxy);

        (await proxy.ReadAsync(15, i => [("X-Forwarded-For", $"[2001:db8:1:2:{i:x}::{i:x}]")])).ShouldBe(10);
        (await proxy.ReadAsync(5, _ => [("X-Forwarded-For", "2001:db8:1:3::1")])).ShouldBe(5);
        (await proxy.ReadAsync(8, _ => [("X-Forwarded-For", "198.51.100.9")])).ShouldBe(8);
        (await proxy.ReadAsync(8, _ => [("X-Forwarded-For", "::ffff:198.51.100.9")])).ShouldBe(2);
    }

    [Fact]
    public async Task Users_are_counted_as_themselves_wherever_they_are()
    {
        await using var gateway = await LimitedGateway.StartAsync();

        (await gateway.User("ada", "127.0.0.1").ReadAsync(8)).ShouldBe(8);
        (await gateway.User("ada", "127.0.0.2").ReadAsync(8)).ShouldBe(2);
        (await gateway.User("bea", "127.0.0.1").ReadAsync(8)).ShouldBe(8);
        (await gateway.From("127.0.0.1").ReadAsync(12)).ShouldBe(10);
    }

    [Theory]
    [InlineData("Bearer e30.e30.e30")]
    [InlineData("Bearer nonsense")]
    [InlineData("Basic YTpi")]
    public async Task A_token_that_is_not_good_makes_nobody_a_user_and_is_left_to_the_service(string authorization)
    {
        await using var gateway = await LimitedGateway.StartAsync();

        (await gateway.From("127.0.0.1").ReadAsync(15, _ => [("Authorization", authorization)])).ShouldBe(10);
        gateway.Backend.Arrivals.Last().Headers["Authorization"].ShouldBe(authorization);
    }

    [Fact]
    public async Task Until_the_issuer_s_keys_are_here_nobody_is_a_user_and_everybody_an_address()
    {
        await using var gateway = await LimitedGateway.StartAsync(("JWT_PUBLIC_KEY_PATH", ""));     // and what the backend serves is no key set

        (await gateway.User("ada", "127.0.0.1").ReadAsync(6)).ShouldBe(6);
        (await gateway.User("bea", "127.0.0.1").ReadAsync(6)).ShouldBe(4);
        (await gateway.Process.Http.GetStringAsync("/ready")).ShouldContain("keys are not here yet");
    }

    [Fact]
    public async Task Many_accounts_give_nobody_more_guesses_at_passwords()
    {
        await using var gateway = await LimitedGateway.StartAsync();
        var passed = 0;

        for (var i = 0; i < 8; i++)
        {
            passed += await gateway.User($"account-{i}", "127.0.0.1").PassAsync(1, HttpMethod.Post, "/api/auth/login");
        }

        passed.ShouldBe(4);
    }

    [Fact]
    public async Task A_client_with_its_key_has_its_own_quota_on_every_route_and_the_key_goes_no_further()
    {
        await using var gateway = await LimitedGateway.StartAsync();
        var client = gateway.User("ada", "127.0.0.1");
        client.DefaultRequestHeaders.Add("X-API-Key", LimitedGateway.ClientKey);

        using var first = await client.PostAsync("/api/orders", null);
        first.Said("RateLimit-Policy").ShouldBe("\"partner\";q=20;w=3600");
        first.Said("RateLimit").ShouldBe("\"partner\";r=19;t=3420");
        (await client.OrderAsync(30)).ShouldBe(19);
        gateway.Backend.Arrivals.ShouldAllBe(arrival => !arrival.Headers.ContainsKey("X-API-Key"));
        (await gateway.User("ada", "127.0.0.1").ReadAsync(5)).ShouldBe(5);
    }

    [Theory]
    [InlineData("a-key-that-nobody-would-guesS")]
    [InlineData("partner")]
    [InlineData("partner.sha256")]
    public async Task A_key_of_nobody_is_counted_as_its_address_and_refused(string key)
    {
        await using var gateway = await LimitedGateway.StartAsync();

        (await gateway.From("127.0.0.1").ReadAsync(15, i => [("X-API-Key", i == 0 ? key : $"{key}{i}")])).ShouldBe(10);
        gateway.Backend.Arrivals.ShouldBeEmpty();
    }

    [Fact]
    public async Task The_key_s_header_has_the_name_that_it_is_given()
    {
        await using var gateway = await LimitedGateway.StartAsync(("API_KEY_HEADER", "X-Partner"));
        var client = gateway.From("127.0.0.1");

        using var known = await client.AskAsync(HttpMethod.Get, "/api/items", ("X-Partner", LimitedGateway.ClientKey));
        using var unknown = await client.AskAsync(HttpMethod.Get, "/api/items", ("X-API-Key", LimitedGateway.ClientKey));

        known.StatusCode.ShouldBe(HttpStatusCode.OK);
        known.Said("RateLimit-Policy").ShouldBe("\"partner\";q=20;w=3600");
        unknown.Said("RateLimit-Policy").ShouldBe("\"default\";q=10;w=3600");
    }
}

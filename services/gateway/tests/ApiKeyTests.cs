using System.Net;
using Argosy.Chassis.Hosting.Identity;
using Argosy.Gateway.Keys;
using Argosy.Testing;
using Shouldly;
using Xunit;

namespace Argosy.Gateway.Tests;

/// <summary>Users' API keys: a real gateway before a real backend, and an issuer that knows some keys.</summary>
public sealed class ApiKeyTests : IAsyncLifetime
{
    private Issuer _issuer = null!;
    private LimitedGateway _gateway = null!;

    public async ValueTask InitializeAsync()
    {
        _issuer = await Issuer.StartAsync();
        _gateway = await LimitedGateway.StartAsync(_issuer.Address);
    }

    public async ValueTask DisposeAsync()
    {
        await _gateway.DisposeAsync();
        await _issuer.DisposeAsync();
    }

    [Fact]
    public async Task A_key_becomes_its_owner_s_token_and_goes_no_further()
    {
        var client = Machine(_issuer.KeyFor(_gateway.TokenFor("ada")));

        using var answer = await client.PostAsync("/api/orders", null);

        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        var arrival = _gateway.Backend.Arrivals.Last();
        arrival.Headers["Authorization"].ShouldStartWith("Bearer ey");
        arrival.Headers.ShouldNotContainKey("X-API-Key");
    }

    [Fact]
    public async Task Many_requests_ask_the_issuer_once()
    {
        var held = new TaskCompletionSource();
        _issuer.Gate = held.Task;
        var client = Machine(_issuer.KeyFor(_gateway.TokenFor("ada")));

        var many = Enumerable.Range(0, 8).Select(_ => client.GetAsync("/api/items")).ToList();
        await Eventually.HoldsAsync(() => _issuer.Asked == 1, "the issuer is asked");
        held.SetResult();

        (await Task.WhenAll(many)).ShouldAllBe(answer => answer.StatusCode == HttpStatusCode.OK);
        using var later = await client.GetAsync("/api/items");
        _issuer.Asked.ShouldBe(1);
    }

    [Fact]
    public async Task A_key_has_a_quota_of_its_own_wherever_it_is_used_and_two_of_one_user_have_two()
    {
        var (key, other) = (_issuer.KeyFor(_gateway.TokenFor("ada")), _issuer.KeyFor(_gateway.TokenFor("ada")));

        (await Machine(key, "127.0.0.1").ReadAsync(8)).ShouldBe(8);
        (await Machine(key, "127.0.0.2").ReadAsync(8)).ShouldBe(2);
        (await Machine(other).ReadAsync(8)).ShouldBe(8);
        (await _gateway.User("ada", "127.0.0.1").ReadAsync(12)).ShouldBe(10, "users are counted as themselves");
        (await _gateway.From("127.0.0.1").ReadAsync(12)).ShouldBe(10, "and so is the address");
        (await Machine(_issuer.KeyFor(_gateway.TokenFor("bea"))).ReadAsync(3)).ShouldBe(3, "whose quota keeps nobody's key from being known");
    }

    [Fact]
    public async Task A_wrong_key_is_refused_counted_as_its_address_and_remembered()
    {
        var wrong = ApiKey.New().Text;
        var client = Machine(wrong);

        for (var i = 0; i < 3; i++)
        {
            using var answer = await client.GetAsync("/api/items");
            answer.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
            answer.Headers.WwwAuthenticate.ToString().ShouldBe("Bearer realm=\"argosy\"");
            answer.Said("RateLimit").ShouldBe($"\"default\";r={9 - i};t={(9 - i) * 360}");
            (await answer.Content.ReadAsStringAsync()).ShouldContain("urn:argosy:problem:gateway.api-key");
        }

        _issuer.Asked.ShouldBe(1);
        _gateway.Backend.Arrivals.ShouldBeEmpty();
        _gateway.Process.Output.ShouldAllBe(line => !line.Contains(wrong, StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_has_not_the_form_of_a_key_is_told_so_without_asking()
    {
        foreach (var wrong in new[] { "hello", "", "argosy_", "argosy_abcdefgh_short", $"{ApiKey.New().Text}x", ApiKey.New().Text.ToUpperInvariant().Replace("ARGOSY", "argosy", StringComparison.Ordinal) })
        {
            using var answer = await Machine(wrong).GetAsync("/api/items");
            answer.StatusCode.ShouldBe(HttpStatusCode.Unauthorized, wrong);
            (await answer.Content.ReadAsStringAsync()).ShouldContain("What is in X-API-Key is no API key: it must be one, as it was told when it was made: argosy_PREFIX_SECRET,");
        }

        using var two = await _gateway.From("127.0.0.1").AskAsync(HttpMethod.Get, "/api/items", ("X-API-Key", _issuer.KeyFor("one")), ("X-API-Key", _issuer.KeyFor("another")));
        two.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        _gateway.Backend.Arrivals.ShouldBeEmpty();
        _issuer.Asked.ShouldBe(0);
    }

    [Fact]
    public async Task Who_guesses_is_refused_before_the_issuer_is_asked()
    {
        var passed = 0;
        for (var i = 0; i < 30; i++)
        {
            using var answer = await Machine(ApiKey.New().Text).GetAsync("/api/items");
            passed += answer.StatusCode == HttpStatusCode.Unauthorized ? 1 : 0;
        }

        passed.ShouldBe(10);
        _issuer.Asked.ShouldBe(10);
    }

    [Fact]
    public async Task A_key_beside_an_Authorization_header_is_refused()
    {
        var client = _gateway.User("bea", "127.0.0.1");

        using var answer = await client.AskAsync(HttpMethod.Get, "/api/items", ("X-API-Key", _issuer.KeyFor(_gateway.TokenFor("ada"))));

        answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await answer.Content.ReadAsStringAsync()).ShouldContain("gateway.two-credentials");
        (_issuer.Asked, _gateway.Backend.Arrivals.Count).ShouldBe((0, 0));
    }

    [Fact]
    public async Task Without_the_issuer_a_new_key_is_503_and_a_known_one_works_on()
    {
        var known = Machine(_issuer.KeyFor(_gateway.TokenFor("ada")));
        var unknown = Machine(_issuer.KeyFor(_gateway.TokenFor("bea")));
        (await known.ReadAsync(1)).ShouldBe(1);
        await _issuer.DisposeAsync();

        using var away = await unknown.GetAsync("/api/items");
        using var on = await known.GetAsync("/api/items");

        away.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        away.Headers.RetryAfter.ShouldNotBeNull();
        (await away.Content.ReadAsStringAsync()).ShouldContain("dependency.unavailable");
        on.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task An_issuer_that_is_silent_costs_a_request_two_seconds_and_one_that_fails_is_asked_again_by_the_next()
    {
        var held = new TaskCompletionSource();
        _issuer.Gate = held.Task;
        var client = Machine(_issuer.KeyFor(_gateway.TokenFor("ada")));
        var start = TimeProvider.System.GetTimestamp();

        using var silent = await client.GetAsync("/api/items");

        silent.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        TimeProvider.System.GetElapsedTime(start).ShouldBeInRange(TimeSpan.FromSeconds(1.5), TimeSpan.FromSeconds(5));
        held.SetResult();
        _issuer.Status = 500;
        using var failed = await client.GetAsync("/api/items");
        failed.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        _issuer.Status = 200;
        using var well = await client.GetAsync("/api/items");
        well.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_token_that_is_about_to_expire_is_used_once()
    {
        var client = Machine(_issuer.KeyFor(_gateway.TokenFor("ada", made: TimeSpan.FromSeconds(-570))));

        (await client.ReadAsync(3)).ShouldBe(3);

        _issuer.Asked.ShouldBe(3);
    }

    [Fact]
    public async Task A_token_from_the_future_is_used_once()
    {
        var key = _issuer.KeyFor(_gateway.TokenFor("ada", made: TimeSpan.FromMinutes(3)));
        (await Machine(key).ReadAsync(2)).ShouldBe(2);
        _issuer.Asked.ShouldBe(2, "auth-service's clock is ahead");

        var good = _gateway.TokenFor("ada");
        _issuer.Give(key, good);
        (await Machine(key).ReadAsync(3)).ShouldBe(3);

        _issuer.Asked.ShouldBe(3, "it is right again");
        _gateway.Backend.Arrivals.Last().Headers["Authorization"].ShouldBe($"Bearer {good}");
    }

    /// <summary>Also one that was got while the gateway's own clock was ahead: it is looked at again when that is right.</summary>
    [Theory]
    [InlineData(0, true)]
    [InlineData(29, true)]
    [InlineData(31, false)]
    [InlineData(-530, true)]
    [InlineData(-550, false)]
    public void A_token_is_as_good_as_services_find_it_at_each_use(int madeSeconds, bool isGood)
    {
        var now = new DateTimeOffset(2026, 3, 14, 9, 26, 53, TimeSpan.Zero);
        var made = now + TimeSpan.FromSeconds(madeSeconds);

        new KeyToken("a token", made, made + TimeSpan.FromMinutes(10)).IsLikelyGood(now).ShouldBe(isGood);
    }

    [Fact]
    public async Task A_route_that_counts_addresses_counts_a_key_s_too()
    {
        var passed = 0;
        for (var i = 0; i < 8; i++)
        {
            passed += await Machine(_issuer.KeyFor(_gateway.TokenFor("ada"))).PassAsync(1, HttpMethod.Post, "/api/auth/login");
        }

        passed.ShouldBe(4);
    }

    private HttpClient Machine(string key, string address = "127.0.0.1")
    {
        var client = _gateway.From(address);
        client.DefaultRequestHeaders.Add("X-API-Key", key);
        return client;
    }
}

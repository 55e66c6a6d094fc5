using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Argosy.Chassis.Hosting.Identity;
using Argosy.Chassis.Messaging;
using Argosy.Chassis.Store;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Identity;

/// <summary>Where the token comes from, what the routes ask of it, and what the answers say.</summary>
public sealed class BearerTests : IAsyncLifetime
{
    private IssuerHost _issuer = null!;
    private GuardedHost _host = null!;

    public async ValueTask InitializeAsync()
    {
        _issuer = await IssuerHost.StartAsync();
        _host = await (await GuardedHost.StartAsync(_issuer)).ReadyAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _host.DisposeAsync();
        await _issuer.DisposeAsync();
    }

    [Fact]
    public async Task Without_a_token_the_challenge_names_no_error()
    {
        using var response = await _host.GetAsync("/me", token: null);

        response.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        response.Headers.WwwAuthenticate.ToString().ShouldBe("Bearer realm=\"argosy\"");
        (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("type").GetString().ShouldBe("urn:argosy:problem:identity.required");
    }

    [Fact]
    public async Task An_expired_token_is_told_so_that_a_client_knows_to_refresh()
    {
        using var response = await _host.GetAsync("/me", Forge.Good.With(claims: c => c["exp"] = DateTimeOffset.UtcNow.ToUnixTimeSeconds() - 90));

        response.Headers.WwwAuthenticate.ToString().ShouldContain("error_description=\"The access token has expired.\"");
    }

    [Fact]
    public async Task A_token_in_the_query_string_is_ignored_and_never_logged()
    {
        var token = Forge.Good.Token();

        (await _host.StatusAsync(token: null, "/me?access_token=" + token)).ShouldBe(HttpStatusCode.Unauthorized);
        (await _host.StatusAsync(token)).ShouldBe(HttpStatusCode.OK);
        (await _host.StatusAsync(token + "x")).ShouldBe(HttpStatusCode.Unauthorized);

        // Kestrel and the host log the request line at Information and below; what the identity adds carries no token at any level.
        _host.Logs.Lines.Where(l => l.Contains(token, StringComparison.Ordinal) && !l.Contains("access_token=", StringComparison.Ordinal)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Two_authorization_headers_are_no_token()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/me");
        request.Headers.TryAddWithoutValidation("Authorization", ["Bearer " + Forge.Good.Token(), "Bearer " + Forge.Good.Token()]).ShouldBeTrue();

        (await _host.Client.SendAsync(request)).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Theory]
    [InlineData("bearer ", HttpStatusCode.OK)]
    [InlineData("BEARER ", HttpStatusCode.OK)]
    [InlineData("Basic ", HttpStatusCode.Unauthorized)]
    [InlineData("Bearer  ", HttpStatusCode.Unauthorized)]
    [InlineData("", HttpStatusCode.Unauthorized)]
    public async Task The_scheme_is_bearer_in_any_case(string prefix, HttpStatusCode status)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/me");
        request.Headers.TryAddWithoutValidation("Authorization", prefix + Forge.Good.Token()).ShouldBeTrue();

        (await _host.Client.SendAsync(request)).StatusCode.ShouldBe(status);
    }

    [Fact]
    public async Task Admin_routes_are_for_admins()
    {
        (await _host.StatusAsync(token: null, "/admin")).ShouldBe(HttpStatusCode.Unauthorized);
        (await _host.StatusAsync(Forge.Good.Token(Forge.Claims("root", "admin")), "/admin")).ShouldBe(HttpStatusCode.OK);

        using var response = await _host.GetAsync("/admin", Forge.Good.Token(Forge.Claims("user-1", "customer")));
        response.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        response.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
        (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("type").GetString().ShouldBe("urn:argosy:problem:identity.forbidden");
    }

    [Theory]
    [InlineData("Admin")]
    [InlineData("administrator")]
    [InlineData("customer admin")]
    public async Task A_role_is_compared_as_it_is_written(string role) =>
        (await _host.StatusAsync(Forge.Good.Token(Forge.Claims("user-1", role)), "/admin")).ShouldBe(HttpStatusCode.Forbidden);

    [Theory]
    [InlineData("/me", "api", "user-1", HttpStatusCode.OK)]
    [InlineData("/me", "openid email", "user-1", HttpStatusCode.Forbidden)]
    [InlineData("/me", "", "user-1", HttpStatusCode.Forbidden)]
    [InlineData("/me", "API", "user-1", HttpStatusCode.Forbidden)]
    [InlineData("/me", "api", "svc:warehouse", HttpStatusCode.Forbidden)]
    [InlineData("/self", "openid", "user-1", HttpStatusCode.OK)]
    [InlineData("/self", "openid", "svc:warehouse", HttpStatusCode.Forbidden)]
    public async Task Scopes_and_kinds_of_callers_open_what_they_are_for(string path, string scope, string subject, HttpStatusCode status) =>
        (await _host.StatusAsync(Forge.Good.With(claims: c => (c["scope"], c["sub"]) = (scope, subject)), path)).ShouldBe(status);

    [Theory]
    [InlineData("GET", "api.read", HttpStatusCode.OK)]
    [InlineData("HEAD", "api.read", HttpStatusCode.OK)]
    [InlineData("POST", "api.read", HttpStatusCode.Forbidden)]
    [InlineData("PUT", "api.read", HttpStatusCode.Forbidden)]
    [InlineData("PATCH", "api.read", HttpStatusCode.Forbidden)]
    [InlineData("DELETE", "api.read", HttpStatusCode.Forbidden)]
    [InlineData("GET", "api.reader", HttpStatusCode.Forbidden)]
    [InlineData("DELETE", "api.read api", HttpStatusCode.OK)]
    public async Task The_scope_for_reading_opens_what_reads(string method, string scope, HttpStatusCode status)
    {
        using var response = await _host.SendAsync(new HttpMethod(method), "/thing", Forge.Good.With(claims: c => c["scope"] = scope));

        response.StatusCode.ShouldBe(status);
    }

    [Fact]
    public async Task A_program_in_its_own_name_is_no_administrator_whatever_its_roles() =>
        (await _host.StatusAsync(Forge.Good.Token(Forge.Claims("svc:warehouse", "admin")), "/admin")).ShouldBe(HttpStatusCode.Forbidden);

    [Fact]
    public async Task A_token_for_less_is_told_what_it_lacks()
    {
        using var response = await _host.GetAsync("/me", Forge.Good.With(claims: c => c["scope"] = "openid"));

        response.Headers.WwwAuthenticate.ToString().ShouldBe("Bearer realm=\"argosy\", error=\"insufficient_scope\", scope=\"api\"");
    }

    [Fact]
    public async Task Where_minutes_are_too_long_an_ended_session_or_token_is_refused_at_once()
    {
        var token = Forge.Good.With(claims: c => c["jti"] = "this-token");
        (await _host.StatusAsync(token, "/money")).ShouldBe(HttpStatusCode.OK);

        await DenyAsync("another-session");
        (await _host.StatusAsync(token, "/money")).ShouldBe(HttpStatusCode.OK);
        await DenyAsync("this-token");
        (await _host.StatusAsync(token, "/money")).ShouldBe(HttpStatusCode.Unauthorized);
        (await _host.StatusAsync(Forge.Good.Token(), "/money")).ShouldBe(HttpStatusCode.OK, "another token of the session");
        await DenyAsync("session-1");
        using var response = await _host.GetAsync("/money", Forge.Good.Token());
        response.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        response.Headers.WwwAuthenticate.ToString().ShouldContain("error=\"invalid_token\"");
        (await _host.StatusAsync(Forge.Good.Token(Forge.Claims("root", "admin")), "/admin")).ShouldBe(HttpStatusCode.Unauthorized);
        (await _host.StatusAsync(Forge.Good.Token())).ShouldBe(HttpStatusCode.OK, "reads go on until the token has expired");
    }

    [Theory]
    [InlineData("GET", HttpStatusCode.OK)]
    [InlineData("HEAD", HttpStatusCode.OK)]
    [InlineData("POST", HttpStatusCode.Unauthorized)]
    [InlineData("PUT", HttpStatusCode.Unauthorized)]
    [InlineData("PATCH", HttpStatusCode.Unauthorized)]
    [InlineData("DELETE", HttpStatusCode.Unauthorized)]
    public async Task Nothing_is_changed_by_a_login_that_has_ended(string method, HttpStatusCode status)
    {
        (await _host.SendAsync(new HttpMethod(method), "/thing", Forge.Good.Token())).StatusCode.ShouldBe(HttpStatusCode.OK);

        await DenyAsync("session-1");

        (await _host.SendAsync(new HttpMethod(method), "/thing", Forge.Good.Token())).StatusCode.ShouldBe(status);
    }

    [Fact]
    public async Task What_is_not_for_keys_tells_a_key_so()
    {
        (await _host.SendAsync(HttpMethod.Post, "/locks", Forge.Good.Token())).StatusCode.ShouldBe(HttpStatusCode.OK);
        var key = Forge.Good.With(claims: c => c["client_id"] = "key:abcdefgh");
        (await _host.SendAsync(HttpMethod.Post, "/thing", key)).StatusCode.ShouldBe(HttpStatusCode.OK);

        using var refused = await _host.SendAsync(HttpMethod.Post, "/locks", key);

        refused.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await refused.Content.ReadAsStringAsync()).ShouldContain("api-key.not-by-key");
    }

    [Fact]
    public async Task A_key_is_told_of_as_a_key_since_nobody_has_logged_in_with_it()
    {
        var reader = Forge.Good.With(claims: c => (c["client_id"], c["scope"]) = ("key:abcdefgh", "api.read"));
        using var write = await _host.SendAsync(HttpMethod.Post, "/thing", reader);
        await DenyAsync("session-1");
        using var revoked = await _host.SendAsync(HttpMethod.Post, "/thing", reader);
        using var ended = await _host.SendAsync(HttpMethod.Post, "/thing", Forge.Good.Token());

        (await write.Content.ReadAsStringAsync()).ShouldContain("The API key is for reading only");
        revoked.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        (await revoked.Content.ReadAsStringAsync()).ShouldContain("The API key was revoked");
        (await ended.Content.ReadAsStringAsync()).ShouldContain("The login that the access token belongs to has ended.");
    }

    [Theory]
    [InlineData(0L, HttpStatusCode.OK)]
    [InlineData(299L, HttpStatusCode.OK)]
    [InlineData(340L, HttpStatusCode.Unauthorized)]
    [InlineData(null, HttpStatusCode.Unauthorized)]
    [InlineData(long.MinValue, HttpStatusCode.Unauthorized)]
    public async Task What_cannot_be_undone_takes_a_login_of_the_last_five_minutes(long? ago, HttpStatusCode status)
    {
        var token = Forge.Good.With(claims: c =>
        {
            if (ago is { } seconds)
            {
                c["auth_time"] = seconds < 0 ? long.MaxValue : DateTimeOffset.UtcNow.ToUnixTimeSeconds() - seconds;
            }
        });

        using var answer = await _host.SendAsync(HttpMethod.Post, "/goodbye", token);

        answer.StatusCode.ShouldBe(status);
        if (status == HttpStatusCode.Unauthorized)
        {
            answer.Headers.WwwAuthenticate.ToString().ShouldContain("error=\"insufficient_user_authentication\"");
            answer.Headers.WwwAuthenticate.ToString().ShouldContain("max_age=\"300\"");
            (await answer.Content.ReadAsStringAsync()).ShouldContain("identity.login-too-old");
        }
    }

    [Fact]
    public async Task Who_can_never_have_logged_in_is_not_told_to()
    {
        using var key = await _host.SendAsync(HttpMethod.Post, "/goodbye", Forge.Good.With(claims: c => c["client_id"] = "key:abcdefgh"));
        using var service = await _host.SendAsync(HttpMethod.Post, "/goodbye", Forge.Good.Token(Forge.Claims("svc:warehouse")));

        (key.StatusCode, service.StatusCode).ShouldBe((HttpStatusCode.Forbidden, HttpStatusCode.Forbidden));
    }

    [Fact]
    public async Task Another_scheme_is_told_which_one_is_taken()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/me");
        request.Headers.TryAddWithoutValidation("Authorization", "Basic YWRhOnB3");

        using var answer = await _host.Client.SendAsync(request);

        answer.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        answer.Headers.WwwAuthenticate.ToString().ShouldBe("Bearer realm=\"argosy\"");
        (await answer.Content.ReadAsStringAsync()).ShouldContain("must be 'Bearer' and an access token");
    }

    private async Task DenyAsync(string id)
    {
        var work = new WriteSet(new MessageContext(id, "tests", new MessageHeaders()), TimeProvider.System.GetUtcNow());
        DenyList.Deny(work, id);
        (await _host.Store.CommitAsync(work)).Ensure();
    }

    [Fact]
    public async Task A_route_open_to_anybody_may_look_at_who_comes()
    {
        (await ReadAsync("/catalogue", null)).ShouldBe("anybody");
        (await ReadAsync("/catalogue", Forge.Good.Token())).ShouldBe("user-1");
        (await ReadAsync("/catalogue", "rubbish")).ShouldBe("anybody");
        (await ReadAsync("/open", "rubbish")).ShouldBe("open");
    }

    [Fact]
    public async Task What_is_not_mapped_asks_for_no_token()
    {
        (await _host.StatusAsync(token: null, "/nowhere")).ShouldBe(HttpStatusCode.NotFound);
        using var response = await _host.Client.PostAsync("/me", content: null);
        response.StatusCode.ShouldBe(HttpStatusCode.MethodNotAllowed);
    }

    private async Task<string> ReadAsync(string path, string? token)
    {
        using var response = await _host.GetAsync(path, token);
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        return await response.Content.ReadAsStringAsync();
    }
}

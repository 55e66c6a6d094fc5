using System.Net;
using Argosy.Testing;
using Shouldly;
using Xunit;

namespace Argosy.Auth.Tests;

/// <summary>The way of a code from the login page to tokens, and all the ways in which it must not go; against the real process.</summary>
[Collection(nameof(AuthProcess))]
public sealed class AuthorizeApiTests(AuthProcess process)
{
    private readonly Front _front = process.Front;

    [Fact]
    public async Task Who_logs_in_on_the_page_gets_the_client_its_tokens()
    {
        var (email, id) = await _front.PersonAsync();
        var flow = new CodeFlow(_front.Http);

        using var back = await flow.LoginAsync(email, Front.Password);

        back.StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        back.Headers.Location!.GetLeftPart(UriPartial.Path).ShouldBe(CodeFlow.Redirect);
        var query = CodeFlow.QueryOf(back);
        query["state"].ShouldBe("xyz&\"<>");
        query["iss"].ShouldBe(TestIssuer.Name);
        using var answer = await flow.RedeemAsync(query["code"]!);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        answer.Headers.CacheControl!.NoStore.ShouldBeTrue();
        var json = await Front.JsonAsync(answer);
        json.GetProperty("scope").GetString().ShouldBe("openid email api");
        var tokens = new Tokens(json.GetProperty("access_token").GetString()!, json.GetProperty("refresh_token").GetString()!);
        (tokens.Claims.GetProperty("sub").GetString(), tokens.Claims.GetProperty("client_id").GetString()).ShouldBe((id, "argosy"));
        var identity = new Tokens(json.GetProperty("id_token").GetString()!, "");
        (identity.Claims.GetProperty("aud").GetString(), identity.Claims.GetProperty("nonce").GetString(), identity.Claims.GetProperty("sub").GetString()).ShouldBe(("argosy", "n-0S6", id));
        identity.Header.GetProperty("typ").GetString().ShouldBe("JWT");
        (await _front.RefreshAsync(tokens.Refresh)).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Case32_a_code_is_good_once_and_a_second_use_ends_what_the_first_one_got()
    {
        var (email, _) = await _front.PersonAsync();
        var flow = new CodeFlow(_front.Http);
        var code = await flow.CodeAsync(email);
        var tokens = await Tokens.OfAsync(await flow.RedeemAsync(code));

        await ShouldBeErrorAsync(await flow.RedeemAsync(code), "invalid_grant");

        await ShouldBeErrorAsync(await _front.RefreshAsync(tokens.Refresh), "invalid_grant");
    }

    [Fact]
    public async Task Case32_of_twenty_uses_of_a_code_at_once_at_most_one_succeeds()
    {
        var (email, _) = await _front.PersonAsync();
        var flow = new CodeFlow(_front.Http);
        var code = await flow.CodeAsync(email);

        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => flow.RedeemAsync(code)));

        answers.Count(answer => answer.IsSuccessStatusCode).ShouldBe(1);
        answers.Count(answer => answer.StatusCode == HttpStatusCode.BadRequest).ShouldBe(19);
    }

    public static TheoryData<string, string?, string> WrongRedemptions => new()
    {
        { "code_verifier", new string('a', 43), "invalid_grant" },
        { "code_verifier", "short", "invalid_request" },
        { "code_verifier", null, "invalid_request" },
        { "redirect_uri", "http://127.0.0.1:49153/callback", "invalid_grant" },     // any port may be asked for, but the same one has to be named
        { "redirect_uri", null, "invalid_request" },
        { "scope", "api", "invalid_request" },
        { "code", "nothing", "invalid_grant" },
    };

    [Theory]
    [MemberData(nameof(WrongRedemptions))]
    public async Task Case32_a_code_is_bound_to_all_that_it_was_asked_with(string name, string? value, string error)
    {
        var (email, _) = await _front.PersonAsync();
        var flow = new CodeFlow(_front.Http);
        var code = await flow.CodeAsync(email);

        await ShouldBeErrorAsync(await flow.RedeemAsync(code, (name, value)), error);
    }

    [Theory]
    [InlineData("http://127.0.0.1:49152/callback/")]
    [InlineData("http://127.0.0.1:49152/callback/../evil")]
    [InlineData("http://127.0.0.1:49152/callback?x=1")]
    [InlineData("http://127.0.0.1:49152/callback#x")]
    [InlineData("http://127.0.0.1:49152/Callback")]
    [InlineData("http://127.0.0.1:49152/%63allback")]
    [InlineData("http://127.0.0.1:123456/callback")]
    [InlineData("http://127.0.0.1:99999/callback")]
    [InlineData("http://127.0.0.1:65536/callback")]
    [InlineData("http://127.0.0.1:/callback")]
    [InlineData("http://127.0.0.1:49152@evil.example/callback")]
    [InlineData("http://user@127.0.0.1:49152/callback")]
    [InlineData("http://127.0.0.1.evil.example/callback")]
    [InlineData("https://127.0.0.1:49152/callback")]
    [InlineData("http://localhost:49152/callback")]
    [InlineData("https://evil.example/callback")]
    [InlineData("javascript:alert(1)")]
    [InlineData("")]
    public async Task A_redirect_that_is_not_registered_to_the_letter_is_told_on_a_page_and_sends_nobody_anywhere(string uri)
    {
        var flow = new CodeFlow(_front.Http);

        using var answer = await flow.AskAsync(new Dictionary<string, string>(flow.Request) { ["redirect_uri"] = uri });

        await ShouldBePageAsync(answer);
    }

    [Fact]
    public async Task What_is_not_registered_is_named_and_so_is_where_it_would_be()
    {
        var flow = new CodeFlow(_front.Http);
        var elsewhere = $"http://localhost:49152/{new string('x', 300)}";

        await ShouldBePageAsync(await flow.AskAsync(new Dictionary<string, string>(flow.Request) { ["redirect_uri"] = elsewhere }), $"sent to '{elsewhere[..200]}…', which it has not registered", "AUTH_CLIENTS");
        await ShouldBePageAsync(await flow.AskAsync(new Dictionary<string, string>(flow.Request) { ["redirect_uri"] = "" }), "redirect_uri is missing");
    }

    [Fact]
    public async Task A_scope_that_cannot_be_had_is_named()
    {
        var flow = new CodeFlow(_front.Http);

        using var answer = await flow.AskAsync(new Dictionary<string, string>(flow.Request) { ["scope"] = "api admin \"root" });

        CodeFlow.QueryOf(answer)["error_description"].ShouldBe("The client may have openid, email, api, and not admin, ?root");
    }

    [Fact]
    public async Task A_client_that_is_not_known_is_told_on_a_page()
    {
        var flow = new CodeFlow(_front.Http);

        await ShouldBePageAsync(await flow.AskAsync(new Dictionary<string, string>(flow.Request) { ["client_id"] = "<script>" }), "'<script>', is not known", "AUTH_CLIENTS");
        await ShouldBePageAsync(await _front.Http.GetAsync("/connect/authorize"), "client_id is missing");
        await ShouldBePageAsync(await _front.Http.GetAsync($"/connect/authorize?client_id=argosy&client_id=argosy&redirect_uri={CodeFlow.Redirect}"));
    }

    [Theory]
    [InlineData("response_type", "token", "unsupported_response_type")]
    [InlineData("response_type", "code id_token", "unsupported_response_type")]
    [InlineData("response_type", "", "invalid_request")]
    [InlineData("response_mode", "fragment", "invalid_request")]
    [InlineData("code_challenge", "", "invalid_request")]
    [InlineData("code_challenge", "short", "invalid_request")]
    [InlineData("code_challenge_method", "plain", "invalid_request")]
    [InlineData("code_challenge_method", "", "invalid_request")]     // which would mean plain
    [InlineData("scope", "admin", "invalid_scope")]
    [InlineData("prompt", "none", "login_required")]
    [InlineData("request", "e30.e30.", "request_not_supported")]
    [InlineData("request_uri", "https://evil.example/", "request_uri_not_supported")]
    public async Task What_else_is_wrong_goes_back_to_the_client(string name, string value, string error)
    {
        var flow = new CodeFlow(_front.Http);

        using var answer = await flow.AskAsync(new Dictionary<string, string>(flow.Request) { [name] = value });

        answer.StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        var query = CodeFlow.QueryOf(answer);
        (query["error"], query["state"], query["iss"], query["code"]).ShouldBe((error, "xyz&\"<>", TestIssuer.Name, null));
    }

    [Fact]
    public async Task The_page_guards_what_is_typed_into_it_and_encodes_what_it_was_given()
    {
        var flow = new CodeFlow(_front.Http);

        using var answer = await flow.AskAsync(new Dictionary<string, string>(flow.Request) { ["login_hint"] = "\"><script>alert(1)</script>" });

        var page = await answer.Content.ReadAsStringAsync();
        page.ShouldNotContain("<script>");
        page.ShouldNotContain("xyz&\"");
        var policy = answer.Headers.GetValues("Content-Security-Policy").ShouldHaveSingleItem();
        policy.ShouldContain("default-src 'none'");
        policy.ShouldContain("frame-ancestors 'none'");
        policy.ShouldContain("form-action 'self' http://127.0.0.1:49152");
        answer.Headers.CacheControl!.NoStore.ShouldBeTrue();
        answer.Headers.GetValues("X-Frame-Options").ShouldBe(["DENY"]);
    }

    [Fact]
    public async Task The_page_tells_an_unknown_address_and_a_wrong_password_alike_and_delays_as_the_login_does()
    {
        var (email, _) = await _front.PersonAsync();
        var flow = new CodeFlow(_front.Http);
        var unknown = Front.NewEmail();

        using var wrong = await flow.LoginAsync(email, "not the password");
        using var nobody = await flow.LoginAsync(unknown, "not the password");

        (wrong.StatusCode, nobody.StatusCode).ShouldBe((HttpStatusCode.BadRequest, HttpStatusCode.BadRequest));
        wrong.Headers.Location.ShouldBeNull();
        (await wrong.Content.ReadAsStringAsync()).Replace(email, "", StringComparison.Ordinal).ShouldBe((await nobody.Content.ReadAsStringAsync()).Replace(unknown, "", StringComparison.Ordinal));
        for (var i = 0; i < 5; i++)
        {
            await _front.LoginAsync(email, "not the password");      // one counter for every way in
        }

        // However slow the machine: whoever comes too late to be blocked makes the next wait twice as long.
        await Eventually.HoldsAsync(async () =>
        {
            using var blocked = await flow.LoginAsync(email, "not the password");
            return blocked.StatusCode == HttpStatusCode.TooManyRequests && blocked.Headers.RetryAfter is not null;
        }, "the page makes them wait", TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task A_form_from_another_site_logs_nobody_in()
    {
        var (email, _) = await _front.PersonAsync();
        var flow = new CodeFlow(_front.Http);
        foreach (var (origins, status) in new[]
        {
            (["https://evil.example"], HttpStatusCode.BadRequest), (["null"], HttpStatusCode.BadRequest), ([TestIssuer.Name, "https://evil.example"], HttpStatusCode.BadRequest),
            (new[] { TestIssuer.Name }, HttpStatusCode.SeeOther),
        })
        {
            using var form = new FormUrlEncodedContent(new Dictionary<string, string>(flow.Request) { ["email"] = email, ["password"] = Front.Password });
            using var request = new HttpRequestMessage(HttpMethod.Post, "/connect/authorize") { Content = form };
            request.Headers.TryAddWithoutValidation("Origin", origins);

            (await _front.Http.SendAsync(request)).StatusCode.ShouldBe(status, string.Join(' ', origins));
        }
    }

    [Fact]
    public async Task Userinfo_tells_what_the_scope_allows_and_only_while_the_session_goes_on()
    {
        var (email, id) = await _front.PersonAsync();
        var whole = await TokensAsync(email, "openid email api");
        var narrow = await TokensAsync(email, "openid");
        var api = await TokensAsync(email, "api");

        (await _front.BearerJsonAsync("/connect/userinfo", whole.Access)).GetRawText().ShouldBe($$"""{"sub":"{{id}}","email":"{{email}}"}""");
        (await _front.BearerJsonAsync("/connect/userinfo", narrow.Access)).GetRawText().ShouldBe($$"""{"sub":"{{id}}"}""");
        using var lacks = await _front.BearerAsync("/connect/userinfo", api.Access);
        lacks.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await lacks.Content.ReadAsStringAsync()).ShouldContain("\"error_description\":\"The access token's scope lacks 'openid'");
        (await _front.BearerAsync("/api/v1/auth/sessions", narrow.Access)).StatusCode.ShouldBe(HttpStatusCode.Forbidden, "openid opens no API");
        await _front.FormAsync("/connect/revocation", ("client_id", "argosy"), ("token", whole.Refresh));
        using var ended = await _front.BearerAsync("/connect/userinfo", whole.Access);
        ended.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        ended.Headers.WwwAuthenticate.ToString().ShouldContain("invalid_token");
    }

    private async Task<Tokens> TokensAsync(string email, string scope)
    {
        var flow = new CodeFlow(_front.Http);
        return await Tokens.OfAsync(await flow.RedeemAsync(await flow.CodeAsync(email, new Dictionary<string, string>(flow.Request) { ["scope"] = scope })));
    }

    private static async Task ShouldBePageAsync(HttpResponseMessage answer, params IReadOnlyList<string> says)
    {
        using (answer)
        {
            answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
            answer.Headers.Location.ShouldBeNull();
            answer.Content.Headers.ContentType!.MediaType.ShouldBe("text/html");
            var page = await answer.Content.ReadAsStringAsync();
            page.ShouldNotContain("<script>");
            foreach (var sentence in says)
            {
                WebUtility.HtmlDecode(page).ShouldContain(sentence);
            }
        }
    }

    private static async Task ShouldBeErrorAsync(HttpResponseMessage answer, string error)
    {
        answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await Front.JsonAsync(answer)).GetProperty("error").GetString().ShouldBe(error);
    }
}

using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Argosy.Testing;
using Shouldly;
using Xunit;

namespace Argosy.Auth.Tests;

/// <summary>Programs that prove themselves with a key, against a process that declares two of them.</summary>
public sealed class ClientTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("argosy-clients-").FullName;
    private readonly RSA _rsa = RSA.Create(2048);
    private readonly ECDsa _curve = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private Front _front = null!;

    public async ValueTask InitializeAsync()
    {
        await File.WriteAllTextAsync(Path.Combine(_folder, "warehouse.pem"), _rsa.ExportSubjectPublicKeyInfoPem());
        await File.WriteAllTextAsync(Path.Combine(_folder, "reports.pem"), _curve.ExportSubjectPublicKeyInfoPem());
        var clients = Path.Combine(_folder, "clients.json");
        await File.WriteAllTextAsync(clients, """
            { "clients": [
              { "id": "argosy", "name": "Argosy", "grants": ["authorization_code", "refresh_token"], "redirectUris": ["http://127.0.0.1/callback"], "scopes": ["openid", "email", "api"] },
              { "id": "shop", "name": "Shop", "grants": ["authorization_code"], "redirectUris": ["https://shop.example/back?from=argosy"], "scopes": ["openid", "api"] },
              { "id": "warehouse", "name": "Warehouse", "grants": ["client_credentials"], "scopes": ["api"], "publicKey": "warehouse.pem" },
              { "id": "reports", "name": "Reports", "grants": ["client_credentials"], "scopes": ["api"], "publicKey": "reports.pem" }
            ] }
            """);
        _front = new Front(await ServiceBench.StartAsync("auth-service", "AuthService", With(clients)));
    }

    // Keys of this kind are made at once.
    private static Dictionary<string, string> With(string clients) => new(StringComparer.Ordinal) { ["AUTH_CLIENTS"] = clients, ["JWT_ALGORITHM"] = "ES256" };

    public async ValueTask DisposeAsync()
    {
        if (_front is not null)
        {
            await _front.DisposeAsync();
        }

        _rsa.Dispose();
        _curve.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_client_gets_a_token_in_its_own_name_which_is_no_users_and_brings_no_refresh_token()
    {
        foreach (var (client, sign) in new[] { ("warehouse", (Signer)SignRsa), ("warehouse", SignPss), ("reports", SignCurve) })
        {
            using var answer = await TokenAsync(sign(Claims(client)));
            answer.StatusCode.ShouldBe(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
            var json = await Front.JsonAsync(answer);
            json.TryGetProperty("refresh_token", out _).ShouldBeFalse();
            var token = new Tokens(json.GetProperty("access_token").GetString()!, "");
            (token.Claims.GetProperty("sub").GetString(), token.Claims.GetProperty("client_id").GetString(), token.Claims.GetProperty("scope").GetString()).ShouldBe(($"svc:{client}", client, "api"));
            token.Claims.TryGetProperty("sid", out _).ShouldBeFalse();
            (await _front.BearerAsync("/api/v1/auth/sessions", token.Access)).StatusCode.ShouldBe(HttpStatusCode.Forbidden, "a user's own business");
            (await _front.AdminStatusAsync(token.Access)).ShouldBe(HttpStatusCode.Forbidden);
        }
    }

    [Fact]
    public async Task An_assertion_is_good_once_however_many_come_with_it_at_the_same_time()
    {
        var assertion = SignRsa(Claims("warehouse"));

        var answers = await Task.WhenAll(Enumerable.Range(0, 30).Select(_ => TokenAsync(assertion)));

        answers.Count(answer => answer.StatusCode == HttpStatusCode.OK).ShouldBe(1);
        answers.Count(answer => answer.StatusCode == HttpStatusCode.BadRequest).ShouldBe(29);
    }

    [Fact]
    public async Task An_assertion_that_is_not_as_it_has_to_be_proves_nothing()
    {
        var now = TimeProvider.System.GetUtcNow();
        Dictionary<string, string> wrong = new(StringComparer.Ordinal)
        {
            ["another's key"] = SignCurve(Claims("warehouse")),
            ["another's name"] = SignRsa(Claims("reports")),
            ["a public client's name"] = SignRsa(Claims("argosy")),
            ["nobody's name"] = SignRsa(Claims("nobody")),
            ["iss is not sub"] = SignRsa(Claims("warehouse", ("iss", "reports"))),
            ["no jti"] = SignRsa(Claims("warehouse", ("jti", null))),
            ["for somebody else"] = SignRsa(Claims("warehouse", ("aud", "https://elsewhere.example"))),
            ["expired"] = SignRsa(Claims("warehouse", ("exp", now.AddMinutes(-2).ToUnixTimeSeconds()))),
            ["good for an hour"] = SignRsa(Claims("warehouse", ("exp", now.AddHours(1).ToUnixTimeSeconds()))),
            ["good for ever"] = SignRsa(Claims("warehouse", ("exp", null))),
            ["not yet"] = SignRsa(Claims("warehouse", ("nbf", now.AddMinutes(2).ToUnixTimeSeconds()))),
            ["unsigned"] = $"{Part(new { alg = "none" })}.{Part(Claims("warehouse"))}.",
            ["signed with the public key as a secret"] = SignHmac(Claims("warehouse"), _rsa.ExportSubjectPublicKeyInfoPem()),
            ["sub twice"] = SignRsaText("""{"alg":"RS256"}""", JsonSerializer.Serialize(Claims("warehouse")).Insert(1, "\"sub\":\"reports\",")),
            ["critical extension"] = SignRsaText("""{"alg":"RS256","crit":["x"],"x":1}""", JsonSerializer.Serialize(Claims("warehouse"))),
            ["no JWT"] = "a.b.c",
        };

        foreach (var (what, assertion) in wrong)
        {
            using var answer = await TokenAsync(assertion);
            answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest, what);
            answer.Headers.WwwAuthenticate.ShouldBeEmpty(what);
            (await Front.JsonAsync(answer)).GetProperty("error").GetString().ShouldBe("invalid_client", what);
        }
    }

    [Fact]
    public async Task A_client_proves_itself_in_one_way_and_does_only_what_it_was_declared_for()
    {
        await ShouldBeErrorAsync(await TokenAsync(SignRsa(Claims("warehouse")), ("client_secret", "s")), HttpStatusCode.BadRequest, "invalid_request");
        await ShouldBeErrorAsync(await TokenAsync(SignRsa(Claims("warehouse")), ("client_id", "reports")), HttpStatusCode.BadRequest, "invalid_client");
        await ShouldBeErrorAsync(await TokenAsync(SignRsa(Claims("warehouse")), ("scope", "openid")), HttpStatusCode.BadRequest, "invalid_scope");
        await ShouldBeErrorAsync(await TokenAsync(SignRsa(Claims("warehouse")), ("client_assertion_type", "other")), HttpStatusCode.BadRequest, "invalid_request");
        await ShouldBeErrorAsync(await TokenAsync(SignRsa(Claims("warehouse")), ("grant_type", "refresh_token"), ("refresh_token", "x")), HttpStatusCode.BadRequest, "unauthorized_client");
        await ShouldBeErrorAsync(await _front.FormAsync("/connect/token", ("grant_type", "client_credentials"), ("client_id", "warehouse")), HttpStatusCode.BadRequest, "invalid_client");
        await ShouldBeErrorAsync(await _front.FormAsync("/connect/token", ("grant_type", "client_credentials"), ("client_id", "shop")), HttpStatusCode.BadRequest, "unauthorized_client");
    }

    [Fact]
    public async Task Whoever_names_no_client_is_the_first_party_one_only_while_that_one_has_nothing_to_prove_itself_by()
    {
        var clients = Path.Combine(_folder, "confidential.json");
        await File.WriteAllTextAsync(clients, """
            { "clients": [
              { "id": "argosy", "name": "Argosy", "grants": ["authorization_code", "client_credentials"], "redirectUris": ["http://127.0.0.1/callback"], "scopes": ["api"], "publicKey": "warehouse.pem" }
            ] }
            """);
        await _front.Bench.RestartAsync(With(clients));

        await ShouldBeErrorAsync(await _front.FormAsync("/connect/token", ("grant_type", "client_credentials")), HttpStatusCode.BadRequest, "invalid_client");
        await ShouldBeErrorAsync(await _front.FormAsync("/connect/revocation", ("token", "any")), HttpStatusCode.BadRequest, "invalid_client");

        using var proven = await TokenAsync(SignRsa(Claims("argosy")));
        proven.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_session_that_goes_on_has_no_scope_that_its_client_has_lost()
    {
        var (email, _) = await _front.PersonAsync();
        var flow = new CodeFlow(_front.Http);
        var before = await Tokens.OfAsync(await flow.RedeemAsync(await flow.CodeAsync(email)));
        before.Claims.GetProperty("scope").GetString().ShouldBe("openid email api");
        var clients = Path.Combine(_folder, "narrower.json");
        await File.WriteAllTextAsync(clients, """
            { "clients": [
              { "id": "argosy", "name": "Argosy", "grants": ["authorization_code", "refresh_token"], "redirectUris": ["http://127.0.0.1/callback"], "scopes": ["openid"] }
            ] }
            """);
        await _front.Bench.RestartAsync(With(clients));

        await ShouldBeErrorAsync(await _front.FormAsync("/connect/token", ("grant_type", "refresh_token"), ("refresh_token", before.Refresh), ("scope", "api")), HttpStatusCode.BadRequest, "invalid_scope");
        var after = await Tokens.OfAsync(await _front.RefreshAsync(before.Refresh));

        after.Claims.GetProperty("scope").GetString().ShouldBe("openid");
    }

    [Fact]
    public async Task Case32_a_clients_code_and_refresh_token_are_nothing_to_another_client()
    {
        var (email, _) = await _front.PersonAsync();
        var flow = new CodeFlow(_front.Http);
        var code = await flow.CodeAsync(email);
        var session = await _front.TokensAsync(email);

        await ShouldBeErrorAsync(await flow.RedeemAsync(code, ("client_id", "shop")), HttpStatusCode.BadRequest, "invalid_grant");
        (await _front.FormAsync("/connect/revocation", ("client_id", "shop"), ("token", session.Refresh))).StatusCode.ShouldBe(HttpStatusCode.OK);

        (await _front.RefreshAsync(session.Refresh)).StatusCode.ShouldBe(HttpStatusCode.OK, "it was not shop's to end");
        (await flow.RedeemAsync(code)).StatusCode.ShouldBe(HttpStatusCode.OK, "nor was the code shop's to spend");
    }

    [Fact]
    public async Task A_client_without_refresh_tokens_gets_none_and_its_query_stays()
    {
        var (email, _) = await _front.PersonAsync();
        var flow = new CodeFlow(_front.Http);
        var request = new Dictionary<string, string>(flow.Request) { ["client_id"] = "shop", ["redirect_uri"] = "https://shop.example/back?from=argosy", ["scope"] = "api" };

        using var back = await flow.LoginAsync(email, Front.Password, request);
        back.Headers.Location!.ToString().ShouldStartWith("https://shop.example/back?from=argosy&code=");
        using var answer = await flow.RedeemAsync(CodeFlow.QueryOf(back)["code"]!, ("client_id", "shop"), ("redirect_uri", request["redirect_uri"]));

        var json = await Front.JsonAsync(answer);
        (json.TryGetProperty("refresh_token", out _), json.TryGetProperty("id_token", out _)).ShouldBe((false, false));
    }

    [Fact]
    public async Task Only_a_proven_client_learns_what_its_own_tokens_are_worth()
    {
        var own = (await Front.JsonAsync(await TokenAsync(SignRsa(Claims("warehouse"))))).GetProperty("access_token").GetString()!;
        var users = await _front.TokensAsync((await _front.PersonAsync()).Email);

        var active = await IntrospectAsync(own, SignRsa(Claims("warehouse")));
        (active.GetProperty("active").GetBoolean(), active.GetProperty("client_id").GetString(), active.GetProperty("sub").GetString()).ShouldBe((true, "warehouse", "svc:warehouse"));
        foreach (var (token, assertion) in new[] { (own, SignCurve(Claims("reports"))), (users.Access, SignRsa(Claims("warehouse"))), (users.Refresh, SignRsa(Claims("warehouse"))), ("nothing", SignRsa(Claims("warehouse"))) })
        {
            (await IntrospectAsync(token, assertion)).GetRawText().ShouldBe("""{"active":false}""");
        }

        await ShouldBeErrorAsync(await _front.FormAsync("/connect/introspect", ("token", own)), HttpStatusCode.BadRequest, "invalid_client");
        await ShouldBeErrorAsync(await _front.FormAsync("/connect/introspect", ("token", own), ("client_id", "argosy")), HttpStatusCode.BadRequest, "invalid_client");
    }

    [Fact]
    public async Task A_clients_own_token_ends_when_it_says_so_and_not_when_another_does()
    {
        var own = (await Front.JsonAsync(await TokenAsync(SignRsa(Claims("warehouse"))))).GetProperty("access_token").GetString()!;

        await RevokeAsync(own, SignCurve(Claims("reports")));
        (await IntrospectAsync(own, SignRsa(Claims("warehouse")))).GetProperty("active").GetBoolean().ShouldBeTrue();
        await RevokeAsync(own, SignRsa(Claims("warehouse")));

        (await IntrospectAsync(own, SignRsa(Claims("warehouse")))).GetProperty("active").GetBoolean().ShouldBeFalse();
        await Eventually.HoldsAsync(() => _front.Bench.Bus.Heard.Any(heard => heard.Envelope.Type == "argosy.auth.v1.TokenRevoked"), "the others hear of it");
    }

    private async Task RevokeAsync(string token, string assertion)
    {
        using var answer = await _front.FormAsync("/connect/revocation", ("token", token), ("client_assertion", assertion), ("client_assertion_type", ClientProof.AssertionType));
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    private delegate string Signer(Dictionary<string, object?> claims);

    private static Dictionary<string, object?> Claims(string client, params (string Name, object? Value)[] changes)
    {
        var now = TimeProvider.System.GetUtcNow();
        var claims = new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            ["iss"] = client,
            ["sub"] = client,
            ["aud"] = TestIssuer.Name,
            ["jti"] = Guid.NewGuid().ToString(),
            ["exp"] = now.AddMinutes(1).ToUnixTimeSeconds(),
        };
        foreach (var (name, value) in changes)
        {
            _ = value is null ? claims.Remove(name) : (claims[name] = value) is not null;
        }

        return claims;
    }

    private string SignRsa(Dictionary<string, object?> claims) => SignRsaText("""{"alg":"RS256"}""", JsonSerializer.Serialize(claims));

    private string SignRsaText(string header, string claims) => Sign(header, claims, bytes => _rsa.SignData(bytes, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));

    private string SignPss(Dictionary<string, object?> claims) =>
        Sign("""{"alg":"PS256"}""", JsonSerializer.Serialize(claims), bytes => _rsa.SignData(bytes, HashAlgorithmName.SHA256, RSASignaturePadding.Pss));

    private string SignCurve(Dictionary<string, object?> claims) => Sign("""{"alg":"ES256"}""", JsonSerializer.Serialize(claims), bytes => _curve.SignData(bytes, HashAlgorithmName.SHA256));

    private static string SignHmac(Dictionary<string, object?> claims, string secret) =>
        Sign("""{"alg":"HS256"}""", JsonSerializer.Serialize(claims), bytes => HMACSHA256.HashData(Encoding.ASCII.GetBytes(secret), bytes));

    private static string Sign(string header, string claims, Func<byte[], byte[]> sign)
    {
        var text = $"{Encode(header)}.{Encode(claims)}";
        return $"{text}.{System.Buffers.Text.Base64Url.EncodeToString(sign(Encoding.ASCII.GetBytes(text)))}";
    }

    private static string Part(object json) => Encode(JsonSerializer.Serialize(json));

    private static string Encode(string text) => System.Buffers.Text.Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));

    private Task<HttpResponseMessage> TokenAsync(string assertion, params (string Name, string Value)[] more)
    {
        var fields = new Dictionary<string, string>(StringComparer.Ordinal) { ["grant_type"] = "client_credentials", ["client_assertion"] = assertion, ["client_assertion_type"] = ClientProof.AssertionType };
        foreach (var (name, value) in more)
        {
            fields[name] = value;
        }

        return _front.FormAsync("/connect/token", [.. fields.Select(field => (field.Key, field.Value))]);
    }

    private async Task<JsonElement> IntrospectAsync(string token, string assertion)
    {
        using var answer = await _front.FormAsync("/connect/introspect", ("token", token), ("client_assertion", assertion), ("client_assertion_type", ClientProof.AssertionType));
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        return await Front.JsonAsync(answer);
    }

    private static async Task ShouldBeErrorAsync(HttpResponseMessage answer, HttpStatusCode status, string error)
    {
        using (answer)
        {
            (answer.StatusCode, (await Front.JsonAsync(answer)).GetProperty("error").GetString()).ShouldBe((status, error));
        }
    }
}

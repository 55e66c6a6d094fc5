using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Argosy.Testing;
using Shouldly;
using Xunit;

namespace Argosy.E2E.Abuse;

/// <summary>
/// Tokens at the door of every service, asked directly: signed with the fleet's own key, and wrong in one thing each. What each row does in the
/// check itself, Argosy.Chassis.Tests says; here it is seen that no service goes around it. Numbers are those of the list of abuse cases.
/// </summary>
[Trait("on", "embedded")]
public sealed class AbuseOfTokens(Fleet fleet)
{
    private static readonly TimeSpan Within = TimeSpan.FromSeconds(20);

    private static long Now => TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();

    [Fact]
    public Task Case1_a_token_that_says_that_it_needs_no_signature_is_refused() => RefusedAsync(
        ("alg none", s => s.Unsigned("none")),
        ("alg None", s => s.Unsigned("None")),
        ("alg nOnE", s => s.Unsigned("nOnE")),
        ("no alg", s => s.Unsigned("")));

    [Fact]
    public Task Case2_the_public_key_is_no_secret_to_sign_with() => RefusedAsync(
        ("HS256 with the public key as PEM", s => s.Hmac(Encoding.ASCII.GetBytes(s.Key.ExportSubjectPublicKeyInfoPem()))),
        ("HS256 with the public key as DER", s => s.Hmac(s.Key.ExportSubjectPublicKeyInfo())),
        ("HS256 with the modulus", s => s.Hmac(s.Key.ExportParameters(includePrivateParameters: false).Modulus!)));

    [Fact]
    public Task Case3_a_key_id_is_looked_up_and_nothing_else() => RefusedAsync(
        ("kid that is SQL", s => s.Sign(header: h => h["kid"] = "' OR 1=1--")),
        ("kid that is a path", s => s.Sign(header: h => h["kid"] = "../../dev/null")),
        ("kid of 10 KB", s => s.Sign(header: h => h["kid"] = new string('k', 10_000))),
        ("no kid", s => s.Sign(header: h => h.Remove("kid"))));

    [Fact]
    public async Task Case4_a_key_that_the_token_brings_or_points_to_is_not_taken_and_nobody_goes_there()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var there = $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}";
        await RefusedAsync(
            ("another key, embedded as jwk", s => s.Foreign(h => h["jwk"] = new JsonObject { ["kty"] = "RSA", ["n"] = "AQAB", ["e"] = "AQAB" })),
            ("another key, named by jku", s => s.Foreign(h => h["jku"] = $"{there}/jwks")),
            ("another key, named by x5u", s => s.Foreign(h => h["x5u"] = $"{there}/x5u")),
            ("another key of another name, named by jku", s => s.Foreign(h => (h["kid"], h["jku"]) = ("elsewhere", $"{there}/jwks"))));

        listener.Pending().ShouldBeFalse("nobody asked there");
    }

    [Fact]
    public Task Case5_a_token_of_another_time_for_another_audience_or_from_another_issuer_is_refused() => RefusedAsync(
        ("expired a minute ago", s => s.Sign(claims: c => c["exp"] = Now - 60)),
        ("not yet for a minute", s => s.Sign(claims: c => c["nbf"] = Now + 60)),
        ("another audience", s => s.Sign(claims: c => c["aud"] = "somebody")),
        ("issuer with a trailing slash", s => s.Sign(claims: c => c["iss"] = $"{c["iss"]}/")));

    [Fact]
    public async Task Case6_an_identity_token_and_a_refresh_token_open_nothing_anywhere()
    {
        var refresh = (await LoginAsync()).GetProperty("refresh_token").GetString()!;
        await RefusedAsync(
            ("typ JWT", s => s.Sign(header: h => h["typ"] = "JWT")),
            ("no typ", s => s.Sign(header: h => h.Remove("typ"))),
            ("a refresh token", _ => refresh),
            ("an opaque token", _ => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32))));
    }

    [Fact]
    public Task Case7_a_token_that_can_be_read_in_two_ways_is_refused() => RefusedAsync(
        ("unknown crit", s => s.Sign(header: h => h["crit"] = new JsonArray("x"))),
        ("alg twice", s => s.SignText(s.Header().ToJsonString().Insert(1, "\"alg\":\"RS256\","), s.Claims().ToJsonString())),
        ("sub twice", s => s.SignText(s.Header().ToJsonString(), s.Claims().ToJsonString().Insert(1, "\"sub\":\"x\","))),
        ("signature with ==", s => $"{s.Sign()}=="));

    [Fact]
    public Task Case8_another_key_under_the_name_of_ours_is_refused() => RefusedAsync(("another key under our kid", s => s.Foreign()));

    [Fact]
    public Task A_token_that_lacks_a_claim_or_has_another_algorithm_than_its_key_is_refused() => RefusedAsync(
        ("RS512 with our key", s => s.Sign(header: h => h["alg"] = "RS512", hash: HashAlgorithmName.SHA512)),
        ("PS256 with our key", s => s.Sign(header: h => h["alg"] = "PS256", padding: RSASignaturePadding.Pss)),
        ("no sub", s => s.Sign(claims: c => c.Remove("sub"))),
        ("no jti", s => s.Sign(claims: c => c.Remove("jti"))));

    [Fact]
    public async Task Case9_an_ended_session_opens_no_payment_no_order_and_no_admin_route_before_its_token_expires()
    {
        var tokens = await LoginAsync();
        var access = tokens.GetProperty("access_token").GetString()!;
        foreach (var service in Guarded)
        {
            (await StatusAsync(service, access)).ShouldBe(HttpStatusCode.OK, service);
        }

        using var form = new FormUrlEncodedContent([KeyValuePair.Create("token", tokens.GetProperty("refresh_token").GetString()!)]);
        (await fleet.Gateway.PostAsync("/connect/revocation", form)).EnsureSuccessStatusCode();

        foreach (var service in Guarded)
        {
            await Eventually.HoldsAsync(async () => await StatusAsync(service, access) == HttpStatusCode.Unauthorized, $"{service} has heard of it", Within);
        }

        (await StatusAsync("payment-service", access, "/api/v1/payments?orderId=00000000-0000-0000-0000-000000000000")).ShouldBe(HttpStatusCode.Unauthorized);
        (await StatusAsync("order-service", access, "/api/v1/orders")).ShouldBe(HttpStatusCode.OK, "reads go on until it has expired");
    }

    private IEnumerable<string> Guarded => fleet.Services.Where(service => service.EndsWith("-service", StringComparison.Ordinal));

    private async Task RefusedAsync(params (string Row, Func<Signer, string> Token)[] rows)
    {
        using var signer = await Signer.OfAsync(fleet);
        foreach (var service in Guarded)
        {
            (await StatusAsync(service, signer.Sign())).ShouldBe(HttpStatusCode.OK, $"{service}: or the rest proves nothing");
            foreach (var (row, token) in rows)
            {
                (await StatusAsync(service, token(signer))).ShouldBe(HttpStatusCode.Unauthorized, $"{service}: {row}");
            }
        }
    }

    private async Task<JsonElement> LoginAsync()
    {
        using var login = await fleet.Gateway.PostAsJsonAsync("/api/v1/auth/login", new { email = "admin@argosy.local", password = await fleet.AdminPasswordAsync() });
        return await login.Content.ReadFromJsonAsync<JsonElement>();
    }

    private async Task<HttpStatusCode> StatusAsync(string service, string token, string path = "/admin/dead-letters")
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(fleet.AddressOf(service), path));
        request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {token}").ShouldBeTrue();
        using var answer = await fleet.Gateway.SendAsync(request);
        return answer.StatusCode;
    }
}

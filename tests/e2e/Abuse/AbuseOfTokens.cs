using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Argosy.Testing;
using Shouldly;
using Xunit;

namespace Argosy.E2E;

/// <summary>
/// Tokens at the door of every service, asked directly: signed with the fleet's own key, and wrong in one thing each. What each row does in the
/// check itself, Argosy.Chassis.Tests says; here it is seen that no service goes around it.
/// </summary>
[Trait("on", "embedded")]
public sealed class TokenTests(Fleet fleet)
{
    private static readonly TimeSpan Within = TimeSpan.FromSeconds(20);

    private static long Now => TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();

    private static readonly Dictionary<string, Func<Signer, string>> Table = new(StringComparer.Ordinal)
    {
        ["typ JWT"] = s => s.Sign(header: h => h["typ"] = "JWT"),
        ["no typ"] = s => s.Sign(header: h => h.Remove("typ")),
        ["expired a minute ago"] = s => s.Sign(claims: c => c["exp"] = Now - 60),
        ["not yet for a minute"] = s => s.Sign(claims: c => c["nbf"] = Now + 60),
        ["another audience"] = s => s.Sign(claims: c => c["aud"] = "somebody"),
        ["issuer with a trailing slash"] = s => s.Sign(claims: c => c["iss"] = $"{c["iss"]}/"),
        ["RS512 with our key"] = s => s.Sign(header: h => h["alg"] = "RS512", hash: HashAlgorithmName.SHA512),
        ["PS256 with our key"] = s => s.Sign(header: h => h["alg"] = "PS256", padding: RSASignaturePadding.Pss),
        ["kid that is SQL"] = s => s.Sign(header: h => h["kid"] = "' OR 1=1--"),
        ["kid that is a path"] = s => s.Sign(header: h => h["kid"] = "../../dev/null"),
        ["kid of 10 KB"] = s => s.Sign(header: h => h["kid"] = new string('k', 10_000)),
        ["no kid"] = s => s.Sign(header: h => h.Remove("kid")),
        ["alg none"] = s => s.Unsigned("none"),
        ["alg None"] = s => s.Unsigned("None"),
        ["alg nOnE"] = s => s.Unsigned("nOnE"),
        ["no alg"] = s => s.Unsigned(""),
        ["HS256 with the public key as PEM"] = s => s.Hmac(Encoding.ASCII.GetBytes(s.Key.ExportSubjectPublicKeyInfoPem())),
        ["HS256 with the public key as DER"] = s => s.Hmac(s.Key.ExportSubjectPublicKeyInfo()),
        ["HS256 with the modulus"] = s => s.Hmac(s.Key.ExportParameters(includePrivateParameters: false).Modulus!),
        ["another key under our kid"] = s => s.Foreign(),
        ["another key, embedded as jwk"] = s => s.Foreign(h => h["jwk"] = new JsonObject { ["kty"] = "RSA", ["n"] = "AQAB", ["e"] = "AQAB" }),
        ["another key, named by jku and x5u"] = s => s.Foreign(h => (h["jku"], h["x5u"]) = ("http://127.0.0.1:9/jwks", "http://127.0.0.1:9/x5u")),
        ["unknown crit"] = s => s.Sign(header: h => h["crit"] = new JsonArray("x")),
        ["alg twice"] = s => s.SignText(s.Header().ToJsonString().Insert(1, "\"alg\":\"RS256\","), s.Claims().ToJsonString()),
        ["sub twice"] = s => s.SignText(s.Header().ToJsonString(), s.Claims().ToJsonString().Insert(1, "\"sub\":\"x\",")),
        ["signature with =="] = s => $"{s.Sign()}==",
        ["no sub"] = s => s.Sign(claims: c => c.Remove("sub")),
        ["no jti"] = s => s.Sign(claims: c => c.Remove("jti")),
        ["an opaque token"] = _ => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32)),
    };

    [Fact]
    public async Task Every_service_refuses_every_token_that_is_wrong_in_one_thing()
    {
        using var signer = await Signer.OfAsync(fleet);
        foreach (var service in Guarded)
        {
            (await StatusAsync(service, signer.Sign(claims: c => c["roles"] = new JsonArray("admin")))).ShouldBe(HttpStatusCode.OK, $"{service}: or the rest proves nothing");
            foreach (var (row, token) in Table)
            {
                (await StatusAsync(service, token(signer))).ShouldBe(HttpStatusCode.Unauthorized, $"{service}: {row}");
            }
        }
    }

    [Fact]
    public async Task A_refresh_token_opens_nothing_anywhere()
    {
        using var login = await fleet.Gateway.PostAsJsonAsync("/api/v1/auth/login", new { email = "admin@argosy.local", password = await fleet.AdminPasswordAsync() });
        var refresh = (await login.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("refresh_token").GetString()!;
        foreach (var service in Guarded)
        {
            (await StatusAsync(service, refresh)).ShouldBe(HttpStatusCode.Unauthorized, service);
        }
    }

    [Fact]
    public async Task An_ended_session_opens_no_payment_no_order_and_no_admin_route_before_its_token_expires()
    {
        using var login = await fleet.Gateway.PostAsJsonAsync("/api/v1/auth/login", new { email = "admin@argosy.local", password = await fleet.AdminPasswordAsync() });
        var tokens = await login.Content.ReadFromJsonAsync<JsonElement>();
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

    private async Task<HttpStatusCode> StatusAsync(string service, string token, string path = "/admin/dead-letters")
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(fleet.AddressOf(service), path));
        request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {token}").ShouldBeTrue();
        using var answer = await fleet.Gateway.SendAsync(request);
        return answer.StatusCode;
    }
}

using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Argosy.Chassis.Hosting.Identity;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Identity;

/// <summary>Tokens that a strict check must refuse, each differing from a good one in a single thing, against a real Kestrel.</summary>
public sealed class TokenTableTests : IAsyncLifetime
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

    private static long Now => DateTimeOffset.UtcNow.ToUnixTimeSeconds();

    private static Forge Good => Forge.Good;

    private static readonly Dictionary<string, (TokenFault Fault, Func<string> Token)> Table = new(StringComparer.Ordinal)
    {
        ["typ JWT, an ID token"] = (TokenFault.Type, () => Good.With(h => h["typ"] = "JWT")),
        ["typ in upper case"] = (TokenFault.Type, () => Good.With(h => h["typ"] = "AT+JWT")),
        ["no typ"] = (TokenFault.Type, () => Good.With(h => h.Remove("typ"))),
        ["expired 60 s ago"] = (TokenFault.Expired, () => Good.With(claims: c => c["exp"] = Now - 60)),
        ["expired 31 s ago"] = (TokenFault.Expired, () => Good.With(claims: c => c["exp"] = Now - 31)),
        ["valid in 60 s"] = (TokenFault.Lifetime, () => Good.With(claims: c => c["nbf"] = Now + 60)),
        ["never expires"] = (TokenFault.Lifetime, () => Good.With(claims: c => c.Remove("exp"))),
        ["RS512, same key"] = (TokenFault.Algorithm, () => Signed("RS512", HashAlgorithmName.SHA512, RSASignaturePadding.Pkcs1)),
        ["PS256, same key"] = (TokenFault.Algorithm, () => Signed("PS256", HashAlgorithmName.SHA256, RSASignaturePadding.Pss)),
        ["says RS256, signed as PS256"] = (TokenFault.Signature, () => Signed("RS256", HashAlgorithmName.SHA256, RSASignaturePadding.Pss)),
        ["kid that is SQL, real signer"] = (TokenFault.UnknownKey, () => Good.With(h => h["kid"] = "' OR 1=1--")),
        ["kid that is a path, real signer"] = (TokenFault.UnknownKey, () => Good.With(h => h["kid"] = "../../dev/null")),
        ["kid of 10 KB"] = (TokenFault.Malformed, () => Good.With(h => h["kid"] = new string('k', 10_000))),
        ["kid of 4 KB"] = (TokenFault.UnknownKey, () => Good.With(h => h["kid"] = new string('k', 4_000))),
        ["kid that is a number"] = (TokenFault.UnknownKey, () => Good.With(h => h["kid"] = 1)),
        ["no kid, real signer"] = (TokenFault.UnknownKey, () => Good.With(h => h.Remove("kid"))),
        ["alg none"] = (TokenFault.Malformed, () => Unsigned("none") + "."),
        ["alg none with our signature"] = (TokenFault.Algorithm, () => Good.With(h => h["alg"] = "none")),
        ["alg nOnE with a signature of something"] = (TokenFault.Algorithm, () => Unsigned("nOnE") + ".AAAA"),
        ["alg None"] = (TokenFault.Algorithm, () => Unsigned("None") + ".AAAA"),
        ["alg empty"] = (TokenFault.Algorithm, () => Unsigned("") + ".AAAA"),
        ["no alg"] = (TokenFault.Algorithm, () => Good.With(h => h.Remove("alg"))),
        ["HS256 keyed with the public key as PEM"] = (TokenFault.Algorithm, () => Good.Hmac(Encoding.ASCII.GetBytes(Forge.Ours.ExportSubjectPublicKeyInfoPem()))),
        ["HS256 keyed with the public key as DER"] = (TokenFault.Algorithm, () => Good.Hmac(Forge.Ours.ExportSubjectPublicKeyInfo())),
        ["HS256 keyed with the modulus"] = (TokenFault.Algorithm, () => Good.Hmac(Forge.Ours.ExportParameters(false).Modulus!)),
        ["another RSA key under our kid"] = (TokenFault.Signature, () => new Forge(Forge.Theirs).Token()),
        ["another RSA key, embedded as jwk"] = (TokenFault.Signature, () => new Forge(Forge.Theirs).With(h => h["jwk"] = Jwk())),
        ["another RSA key, embedded, under its own kid"] = (TokenFault.UnknownKey, () => Foreign().With(h => h["jwk"] = Jwk())),
        ["crit that nobody knows"] = (TokenFault.Critical, () => Good.With(h => h["crit"] = new JsonArray("x"))),
        ["empty crit"] = (TokenFault.Critical, () => Good.With(h => h["crit"] = new JsonArray())),
        ["alg twice"] = (TokenFault.Malformed, () => Good.Raw($$"""{"alg":"RS256","alg":"RS256","typ":"at+jwt","kid":"{{Good.KeyId}}"}""", Payload())),
        ["alg twice, once escaped"] = (TokenFault.Malformed, () => Good.Raw($$"""{"\u0061lg":"none","alg":"RS256","typ":"at+jwt","kid":"{{Good.KeyId}}"}""", Payload())),
        ["sub twice"] = (TokenFault.Malformed, () => Good.Raw(Good.Header().ToJsonString(), "{\"sub\":\"admin\"," + Payload()[1..])),
        ["a nested member twice"] = (TokenFault.Malformed, () => Good.Raw(Good.Header().ToJsonString(), "{\"act\":{\"sub\":\"a\",\"sub\":\"b\"}," + Payload()[1..])),
        ["signature padded with =="] = (TokenFault.Malformed, () => Good.Token() + "=="),
        ["newline after it"] = (TokenFault.Malformed, () => Good.Token() + "\n"),
        ["four parts"] = (TokenFault.Malformed, () => Good.Token() + ".AAAA"),
        ["five parts, a JWE"] = (TokenFault.Malformed, () => Good.Token() + ".AAAA.AAAA"),
        ["two parts"] = (TokenFault.Malformed, () => Unsigned("RS256")),
        ["longer than 8 KB"] = (TokenFault.Malformed, () => Good.With(claims: c => c["filler"] = new string('x', 8_000))),
        ["nested 200 deep"] = (TokenFault.Malformed, () => Good.Raw(Good.Header().ToJsonString(), "{\"a\":" + new string('[', 200) + new string(']', 200) + "," + Payload()[1..])),
        ["signature of a length that no encoder makes"] = (TokenFault.Malformed, () => Good.Token() + "x"),
        ["kid that is half a surrogate pair"] = (TokenFault.UnknownKey, () => Good.Raw("""{"alg":"RS256","typ":"at+jwt","kid":"\ud800"}""", Payload())),
        ["a member named by half a surrogate pair"] = (TokenFault.Malformed, () => Good.Raw(Good.Header().ToJsonString(), "{\"\\ud800\":1," + Payload()[1..])),
        ["sub that is half a surrogate pair"] = (TokenFault.Claims, () => Good.Raw(Good.Header().ToJsonString(), Payload().Replace("user-1", "\\ud800", StringComparison.Ordinal))),
        ["payload is an array"] = (TokenFault.Malformed, () => Good.Raw(Good.Header().ToJsonString(), "[]")),
        ["payload is no JSON"] = (TokenFault.Malformed, () => Good.Raw(Good.Header().ToJsonString(), "payload")),
        ["another audience"] = (TokenFault.Audience, () => Good.With(claims: c => c["aud"] = "argosy-admin")),
        ["no audience"] = (TokenFault.Audience, () => Good.With(claims: c => c.Remove("aud"))),
        ["issuer with a trailing slash"] = (TokenFault.Issuer, () => Good.With(claims: c => c["iss"] = Forge.Issuer + "/")),
        ["no issuer"] = (TokenFault.Issuer, () => Good.With(claims: c => c.Remove("iss"))),
        ["no sub"] = (TokenFault.Claims, () => Good.With(claims: c => c.Remove("sub"))),
        ["no jti"] = (TokenFault.Claims, () => Good.With(claims: c => c.Remove("jti"))),
        ["no client_id"] = (TokenFault.Claims, () => Good.With(claims: c => c.Remove("client_id"))),
        ["no iat"] = (TokenFault.Claims, () => Good.With(claims: c => c.Remove("iat"))),
        ["sub that is a number"] = (TokenFault.Claims, () => Good.With(claims: c => c["sub"] = 1)),
        ["an opaque refresh token"] = (TokenFault.Malformed, () => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32))),
        ["nothing"] = (TokenFault.Malformed, () => ""),
    };

    public static TheoryData<string> Rows => [.. Table.Keys];

    [Theory]
    [MemberData(nameof(Rows))]
    public async Task A_token_that_differs_in_one_thing_is_refused(string row)
    {
        var (fault, make) = Table[row];
        var token = make();

        (await _host.Check.CheckAsync(token, CancellationToken.None)).Fault.ShouldBe(fault);
        if (token.Contains('\n', StringComparison.Ordinal))
        {
            return;   // cannot be put on the wire
        }

        using var response = await _host.GetAsync("/me", token);
        response.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        var challenge = response.Headers.WwwAuthenticate.ShouldHaveSingleItem();
        challenge.Scheme.ShouldBe("Bearer");
        challenge.Parameter!.ShouldContain("error=\"invalid_token\"");
        response.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
        var problem = await response.Content.ReadFromJsonAsync<JsonElement>();
        problem.GetProperty("type").GetString().ShouldBe("urn:argosy:problem:identity.token");
        problem.GetProperty("status").GetInt32().ShouldBe(401);
        problem.GetProperty("traceId").GetString().ShouldNotBeNullOrEmpty();
    }

    [Fact]
    public async Task A_good_token_tells_who_the_caller_is()
    {
        using var response = await _host.GetAsync("/me", Good.Token(Forge.Claims("user-7", "customer")));

        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        var me = await response.Content.ReadFromJsonAsync<JsonElement>();
        me.GetProperty("id").GetString().ShouldBe("user-7");
        me.GetProperty("isAdmin").GetBoolean().ShouldBeFalse();
        me.GetProperty("sessionId").GetString().ShouldBe("session-1");
        me.GetProperty("scopes").EnumerateArray().Select(s => s.GetString()).ShouldBe(["api", "profile"], ignoreOrder: true);
    }

    [Fact]
    public async Task Clocks_may_be_thirty_seconds_apart()
    {
        (await _host.StatusAsync(Good.With(claims: c => c["exp"] = Now - 20))).ShouldBe(HttpStatusCode.OK);
        (await _host.StatusAsync(Good.With(claims: c => c["nbf"] = Now + 20))).ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Our_audience_may_be_one_of_several() =>
        (await _host.StatusAsync(Good.With(claims: c => c["aud"] = new JsonArray("other", "argosy")))).ShouldBe(HttpStatusCode.OK);

    private static Forge Foreign() => new(Forge.Theirs) { KeyId = IssuerKey.Of(Forge.Theirs).Id };

    private static JsonObject Jwk() => JsonNode.Parse(JsonSerializer.Serialize(IssuerKey.Of(Forge.Theirs).ToJwk()))!.AsObject();

    private static string Payload() => Forge.Claims().ToJsonString();

    private static string Unsigned(string algorithm)
    {
        var header = Good.Header();
        header["alg"] = algorithm;
        return Forge.Encode(header.ToJsonString()) + "." + Forge.Encode(Payload());
    }

    private static string Signed(string algorithm, HashAlgorithmName hash, RSASignaturePadding padding)
    {
        var header = Good.Header();
        header["alg"] = algorithm;
        return Good.Raw(header.ToJsonString(), Payload(), hash, padding);
    }
}

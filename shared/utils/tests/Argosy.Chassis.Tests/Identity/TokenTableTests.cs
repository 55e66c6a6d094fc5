using System.Buffers.Text;
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
        _issuer.Document = Forge.Jwks(Forge.All.Select(forge => forge.Public));
        _host = await (await GuardedHost.StartAsync(_issuer)).ReadyAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _host.DisposeAsync();
        await _issuer.DisposeAsync();
    }

    private static readonly ECDsa TheirsOnCurve = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    private static long Now => DateTimeOffset.UtcNow.ToUnixTimeSeconds();

    private static Forge Good => Forge.Good;

    private static readonly Dictionary<string, (TokenFault Fault, Func<Forge, string> Token)> Table = new(StringComparer.Ordinal)
    {
        ["typ JWT, an ID token"] = (TokenFault.Type, good => good.With(h => h["typ"] = "JWT")),
        ["typ in upper case"] = (TokenFault.Type, good => good.With(h => h["typ"] = "AT+JWT")),
        ["no typ"] = (TokenFault.Type, good => good.With(h => h.Remove("typ"))),
        ["expired 60 s ago"] = (TokenFault.Expired, good => good.With(claims: c => c["exp"] = Now - 60)),
        ["expired 31 s ago"] = (TokenFault.Expired, good => good.With(claims: c => c["exp"] = Now - 31)),
        ["valid in 60 s"] = (TokenFault.Lifetime, good => good.With(claims: c => c["nbf"] = Now + 60)),
        ["never expires"] = (TokenFault.Lifetime, good => good.With(claims: c => c.Remove("exp"))),
        ["a longer hash, same key"] = (TokenFault.Algorithm, good => Signed(good, good.Algorithm[..2] + "512", text => good.Sign(text, HashAlgorithmName.SHA512))),
        ["the other padding or form, and says so, same key"] = (TokenFault.Algorithm, good => Signed(good, good.Algorithm == "RS256" ? "PS256" : "RS256", good.SignOtherwise)),
        ["the other padding or form, and does not say so"] = (TokenFault.Signature, good => Signed(good, good.Algorithm, good.SignOtherwise)),
        ["kid that is SQL, real signer"] = (TokenFault.UnknownKey, good => good.With(h => h["kid"] = "' OR 1=1--")),
        ["kid that is a path, real signer"] = (TokenFault.UnknownKey, good => good.With(h => h["kid"] = "../../dev/null")),
        ["kid of 10 KB"] = (TokenFault.Malformed, good => good.With(h => h["kid"] = new string('k', 10_000))),
        ["kid of 4 KB"] = (TokenFault.UnknownKey, good => good.With(h => h["kid"] = new string('k', 4_000))),
        ["kid that is a number"] = (TokenFault.UnknownKey, good => good.With(h => h["kid"] = 1)),
        ["no kid, real signer"] = (TokenFault.UnknownKey, good => good.With(h => h.Remove("kid"))),
        ["alg none"] = (TokenFault.Malformed, good => Unsigned(good, "none") + "."),
        ["alg none with our signature"] = (TokenFault.Algorithm, good => good.With(h => h["alg"] = "none")),
        ["alg nOnE with a signature of something"] = (TokenFault.Algorithm, good => Unsigned(good, "nOnE") + ".AAAA"),
        ["alg None"] = (TokenFault.Algorithm, good => Unsigned(good, "None") + ".AAAA"),
        ["alg empty"] = (TokenFault.Algorithm, good => Unsigned(good, "") + ".AAAA"),
        ["no alg"] = (TokenFault.Algorithm, good => good.With(h => h.Remove("alg"))),
        ["HS256 keyed with the public key as PEM"] = (TokenFault.Algorithm, good => good.Hmac(Encoding.ASCII.GetBytes(good.Key.ExportSubjectPublicKeyInfoPem()))),
        ["HS256 keyed with the public key as DER"] = (TokenFault.Algorithm, good => good.Hmac(good.Key.ExportSubjectPublicKeyInfo())),
        ["HS256 keyed with the number in the JWK"] = (TokenFault.Algorithm, good => good.Hmac(Base64Url.DecodeFromChars(Number(good)))),
        ["another key under our kid"] = (TokenFault.Signature, good => Impostor(good).Token()),
        ["another key, embedded as jwk"] = (TokenFault.Signature, good => Impostor(good).With(h => h["jwk"] = Jwk(good))),
        ["another key, embedded, under its own kid"] = (TokenFault.UnknownKey, good => Foreign(good).With(h => h["jwk"] = Jwk(good))),
        ["crit that nobody knows"] = (TokenFault.Critical, good => good.With(h => h["crit"] = new JsonArray("x"))),
        ["empty crit"] = (TokenFault.Critical, good => good.With(h => h["crit"] = new JsonArray())),
        ["alg twice"] = (TokenFault.Malformed, good => good.Raw($$"""{"alg":"{{good.Algorithm}}","alg":"{{good.Algorithm}}","typ":"at+jwt","kid":"{{good.KeyId}}"}""", Payload())),
        ["alg twice, once escaped"] = (TokenFault.Malformed, good => good.Raw($$"""{"\u0061lg":"none","alg":"{{good.Algorithm}}","typ":"at+jwt","kid":"{{good.KeyId}}"}""", Payload())),
        ["sub twice"] = (TokenFault.Malformed, good => good.Raw(good.Header().ToJsonString(), "{\"sub\":\"admin\"," + Payload()[1..])),
        ["a nested member twice"] = (TokenFault.Malformed, good => good.Raw(good.Header().ToJsonString(), "{\"act\":{\"sub\":\"a\",\"sub\":\"b\"}," + Payload()[1..])),
        ["signature padded with =="] = (TokenFault.Malformed, good => good.Token() + "=="),
        ["newline after it"] = (TokenFault.Malformed, good => good.Token() + "\n"),
        ["four parts"] = (TokenFault.Malformed, good => good.Token() + ".AAAA"),
        ["five parts, a JWE"] = (TokenFault.Malformed, good => good.Token() + ".AAAA.AAAA"),
        ["two parts"] = (TokenFault.Malformed, good => Unsigned(good, good.Algorithm)),
        ["longer than 8 KB"] = (TokenFault.Malformed, good => good.With(claims: c => c["filler"] = new string('x', 8_000))),
        ["nested 200 deep"] = (TokenFault.Malformed, good => good.Raw(good.Header().ToJsonString(), "{\"a\":" + new string('[', 200) + new string(']', 200) + "," + Payload()[1..])),
        ["signature of a length that no encoder makes"] = (TokenFault.Malformed, good => good.Token() + "x"),
        ["kid that is half a surrogate pair"] = (TokenFault.UnknownKey, good => good.Raw($$"""{"alg":"{{good.Algorithm}}","typ":"at+jwt","kid":"\ud800"}""", Payload())),
        ["a member named by half a surrogate pair"] = (TokenFault.Malformed, good => good.Raw(good.Header().ToJsonString(), "{\"\\ud800\":1," + Payload()[1..])),
        ["sub that is half a surrogate pair"] = (TokenFault.Claims, good => good.Raw(good.Header().ToJsonString(), Payload().Replace("user-1", "\\ud800", StringComparison.Ordinal))),
        ["payload is an array"] = (TokenFault.Malformed, good => good.Raw(good.Header().ToJsonString(), "[]")),
        ["payload is no JSON"] = (TokenFault.Malformed, good => good.Raw(good.Header().ToJsonString(), "payload")),
        ["another audience"] = (TokenFault.Audience, good => good.With(claims: c => c["aud"] = "argosy-admin")),
        ["no audience"] = (TokenFault.Audience, good => good.With(claims: c => c.Remove("aud"))),
        ["issuer with a trailing slash"] = (TokenFault.Issuer, good => good.With(claims: c => c["iss"] = Forge.Issuer + "/")),
        ["no issuer"] = (TokenFault.Issuer, good => good.With(claims: c => c.Remove("iss"))),
        ["no sub"] = (TokenFault.Claims, good => good.With(claims: c => c.Remove("sub"))),
        ["no jti"] = (TokenFault.Claims, good => good.With(claims: c => c.Remove("jti"))),
        ["no client_id"] = (TokenFault.Claims, good => good.With(claims: c => c.Remove("client_id"))),
        ["no iat"] = (TokenFault.Claims, good => good.With(claims: c => c.Remove("iat"))),
        ["sub that is a number"] = (TokenFault.Claims, good => good.With(claims: c => c["sub"] = 1)),
        ["an opaque refresh token"] = (TokenFault.Malformed, _ => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32))),
        ["nothing"] = (TokenFault.Malformed, _ => ""),
    };

    public static MatrixTheoryData<string, string> Rows => new(Forge.All.Select(forge => forge.Algorithm), Table.Keys);

    [Theory]
    [MemberData(nameof(Rows))]
    public async Task A_token_that_differs_in_one_thing_is_refused(string algorithm, string row)
    {
        var (fault, make) = Table[row];
        var token = make(Of(algorithm));

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

    public static MatrixTheoryData<string, string> Confusions => new(Forge.All.Select(forge => forge.Algorithm), Forge.All.Select(forge => forge.Algorithm));

    /// <summary>The algorithm is the one of the key that the token names, and not what the token would like.</summary>
    [Theory]
    [MemberData(nameof(Confusions))]
    public async Task A_key_is_good_for_its_own_algorithm_and_no_other(string ofTheKey, string ofTheToken)
    {
        var (named, signer) = (Of(ofTheKey), Of(ofTheToken));
        var expected = ofTheKey == ofTheToken ? TokenFault.None : TokenFault.Algorithm;

        // By the signer whose algorithm it names, and, where that is possible, by the very key that it names.
        var elsewhere = new Forge(signer.Key, ofTheToken) { KeyId = named.KeyId };
        (await _host.Check.CheckAsync(elsewhere.Token(), CancellationToken.None)).Fault.ShouldBe(expected);
        if (named.Key is RSA && signer.Key is RSA)
        {
            var same = new Forge(named.Key, ofTheToken) { KeyId = named.KeyId };
            (await _host.Check.CheckAsync(same.Token(), CancellationToken.None)).Fault.ShouldBe(expected);
        }
    }

    public static TheoryData<string> Algorithms => [.. Forge.All.Select(forge => forge.Algorithm)];

    [Theory]
    [MemberData(nameof(Algorithms))]
    public async Task A_good_token_tells_who_the_caller_is(string algorithm)
    {
        using var response = await _host.GetAsync("/me", Of(algorithm).Token(Forge.Claims("user-7", "customer")));

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

    private static Forge Of(string algorithm) => Forge.All.Single(forge => forge.Algorithm == algorithm);

    // A key of the same kind that nobody here knows; the impostor says that it is ours.
    private static Forge Foreign(Forge good) => Forge.Named(good.Key is RSA ? Forge.Theirs : TheirsOnCurve, good.Algorithm);

    private static Forge Impostor(Forge good) => new(Foreign(good).Key, good.Algorithm) { KeyId = good.KeyId };

    private static JsonObject Jwk(Forge good) => JsonNode.Parse(JsonSerializer.Serialize(Foreign(good).Public.ToJwk()))!.AsObject();

    private static string Number(Forge good) => good.Public.ToJwk()[good.Key is RSA ? "n" : "x"];

    private static string Payload() => Forge.Claims().ToJsonString();

    private static string Unsigned(Forge good, string algorithm)
    {
        var header = good.Header();
        header["alg"] = algorithm;
        return Forge.Encode(header.ToJsonString()) + "." + Forge.Encode(Payload());
    }

    private static string Signed(Forge good, string algorithm, Func<byte[], byte[]> sign)
    {
        var header = good.Header();
        header["alg"] = algorithm;
        return good.Raw(header.ToJsonString(), Payload(), sign);
    }
}

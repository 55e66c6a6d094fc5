using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Argosy.Chassis.Hosting.Identity;

namespace Argosy.Chassis.Tests.Identity;

/// <summary>Makes tokens from raw text, good and bad, without the library that checks them.</summary>
internal sealed class Forge(AsymmetricAlgorithm key, string algorithm = "RS256")
{
    public const string Issuer = "http://issuer.example";

    public static readonly RSA Ours = RSA.Create(3072);
    public static readonly RSA Theirs = RSA.Create(3072);

    private static readonly RSA OursForPss = RSA.Create(3072);
    private static readonly ECDsa OursOnCurve = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public string KeyId { get; init; } = IssuerKey.Of(Ours).Id;

    public AsymmetricAlgorithm Key => key;

    public string Algorithm => algorithm;

    /// <summary>The issuer's key in the JWK Set.</summary>
    public IssuerKey Public => Of(key, algorithm);

    public static Forge Good { get; } = Named(Ours, "RS256");

    /// <summary>One for each algorithm, with a key of its own.</summary>
    public static IReadOnlyList<Forge> All { get; } = [Good, Named(OursForPss, "PS256"), Named(OursOnCurve, "ES256")];

    /// <summary>Signs with a key under that key's own name.</summary>
    public static Forge Named(AsymmetricAlgorithm key, string algorithm) => new(key, algorithm) { KeyId = Of(key, algorithm).Id };

    public static JsonObject Claims(string? sub = "user-1", params string[] roles)
    {
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        return new JsonObject
        {
            ["iss"] = Issuer,
            ["aud"] = IdentityOptions.Audience,
            ["sub"] = sub,
            ["client_id"] = "argosy-first-party",
            ["jti"] = Guid.NewGuid().ToString(),
            ["iat"] = now,
            ["nbf"] = now,
            ["exp"] = now + 600,
            ["sid"] = "session-1",
            ["scope"] = "api profile",
            ["roles"] = new JsonArray([.. roles.Select(r => JsonValue.Create(r))]),
        };
    }

    public JsonObject Header() => new() { ["alg"] = algorithm, ["typ"] = "at+jwt", ["kid"] = KeyId };

    public string Token(JsonObject? claims = null) => Token(Header(), claims ?? Claims());

    public string Token(JsonObject header, JsonObject claims) => Raw(header.ToJsonString(), claims.ToJsonString());

    /// <summary>Changes one thing of an otherwise good token.</summary>
    public string With(Action<JsonObject>? header = null, Action<JsonObject>? claims = null)
    {
        var (h, c) = (Header(), Claims());
        header?.Invoke(h);
        claims?.Invoke(c);
        return Token(h, c);
    }

    public string Raw(string header, string payload, Func<byte[], byte[]>? sign = null)
    {
        var signed = Encode(header) + "." + Encode(payload);
        return signed + "." + Base64Url.EncodeToString((sign ?? Sign)(Encoding.ASCII.GetBytes(signed)));
    }

    /// <summary>A signature over SHA-256, or a longer hash, as RFC 7518 wants it for the algorithm.</summary>
    public byte[] Sign(byte[] text, HashAlgorithmName hash) => (key, algorithm) switch
    {
        (RSA rsa, "PS256") => rsa.SignData(text, hash, RSASignaturePadding.Pss),
        (RSA rsa, _) => rsa.SignData(text, hash, RSASignaturePadding.Pkcs1),
        (ECDsa ec, _) => ec.SignData(text, hash),
        _ => throw new NotSupportedException(),
    };

    private byte[] Sign(byte[] text) => Sign(text, HashAlgorithmName.SHA256);

    /// <summary>What is wrong only in how it was signed: the other padding of RSA, or ECDSA in ASN.1.</summary>
    public byte[] SignOtherwise(byte[] text) => (key, algorithm) switch
    {
        (RSA rsa, "PS256") => rsa.SignData(text, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1),
        (RSA rsa, _) => rsa.SignData(text, HashAlgorithmName.SHA256, RSASignaturePadding.Pss),
        (ECDsa ec, _) => ec.SignData(text, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence),
        _ => throw new NotSupportedException(),
    };

    /// <summary>HS256 with some public text as the secret: the classic confusion of algorithms.</summary>
    public string Hmac(byte[] secret)
    {
        var header = Header();
        header["alg"] = "HS256";
        var signed = Encode(header.ToJsonString()) + "." + Encode(Claims().ToJsonString());
        return signed + "." + Base64Url.EncodeToString(HMACSHA256.HashData(secret, Encoding.ASCII.GetBytes(signed)));
    }

    public static string Encode(string json) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json));

    public static string Jwks(params RSA[] keys) => Jwks(keys.Select(key => IssuerKey.Of(key)));

    public static string Jwks(IEnumerable<IssuerKey> keys) => JsonSerializer.Serialize(new { keys = keys.Select(key => key.ToJwk()) });

    private static IssuerKey Of(AsymmetricAlgorithm key, string algorithm) => key is ECDsa ec ? IssuerKey.Of(ec) : IssuerKey.Of((RSA)key, algorithm);
}

using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Argosy.Chassis.Hosting.Identity;

namespace Argosy.Chassis.Tests.Identity;

/// <summary>Makes tokens from raw text, good and bad, without the library that checks them.</summary>
internal sealed class Forge(RSA key)
{
    public const string Issuer = "http://issuer.example";

    public static readonly RSA Ours = RSA.Create(3072);
    public static readonly RSA Theirs = RSA.Create(3072);

    public string KeyId { get; init; } = IssuerKey.Of(Ours).Id;

    public static Forge Good { get; } = new(Ours);

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

    public JsonObject Header() => new() { ["alg"] = "RS256", ["typ"] = "at+jwt", ["kid"] = KeyId };

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

    public string Raw(string header, string payload, HashAlgorithmName? hash = null, RSASignaturePadding? padding = null)
    {
        var signed = Encode(header) + "." + Encode(payload);
        var signature = key.SignData(
            Encoding.ASCII.GetBytes(signed), hash ?? HashAlgorithmName.SHA256, padding ?? RSASignaturePadding.Pkcs1);
        return signed + "." + Base64Url.EncodeToString(signature);
    }

    /// <summary>HS256 with some public text as the secret: the classic confusion of algorithms.</summary>
    public string Hmac(byte[] secret)
    {
        var header = Header();
        header["alg"] = "HS256";
        var signed = Encode(header.ToJsonString()) + "." + Encode(Claims().ToJsonString());
        return signed + "." + Base64Url.EncodeToString(HMACSHA256.HashData(secret, Encoding.ASCII.GetBytes(signed)));
    }

    public static string Encode(string json) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json));

    public static string Jwks(params RSA[] keys) => JsonSerializer.Serialize(new { keys = keys.Select(k => IssuerKey.Of(k).ToJwk()) });
}

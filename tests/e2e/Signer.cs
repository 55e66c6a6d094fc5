using System.Buffers.Text;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Argosy.E2E;

/// <summary>Has the fleet's signing key, as nobody outside ever should.</summary>
internal sealed class Signer(RSA key, string issuer) : IDisposable
{
    private readonly string _kid = Thumbprint(key);

    private static long Now => TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();

    public RSA Key => key;

    public static async Task<Signer> OfAsync(Fleet fleet)
    {
        var rsa = RSA.Create();
        rsa.ImportFromPem(await File.ReadAllTextAsync(Path.Combine(fleet.Data, "services", "auth-service", "keys", "signing.pem")));
        var metadata = await fleet.Gateway.GetFromJsonAsync<JsonElement>("/.well-known/openid-configuration");
        return new Signer(rsa, metadata.GetProperty("issuer").GetString()!);
    }

    public JsonObject Header() => new() { ["alg"] = "RS256", ["typ"] = "at+jwt", ["kid"] = _kid };

    public JsonObject Claims() => new()
    {
        ["iss"] = issuer,
        ["aud"] = "argosy",
        ["sub"] = "somebody",
        ["client_id"] = "argosy",
        ["jti"] = Guid.NewGuid().ToString(),
        ["sid"] = Guid.NewGuid().ToString(),
        ["iat"] = Now,
        ["nbf"] = Now,
        ["exp"] = Now + 300,
        ["auth_time"] = Now,
        ["scope"] = "api",
        ["roles"] = new JsonArray("admin"),
    };

    public string Sign(Action<JsonObject>? header = null, Action<JsonObject>? claims = null, HashAlgorithmName? hash = null, RSASignaturePadding? padding = null)
    {
        var (h, c) = (Header(), Claims());
        header?.Invoke(h);
        claims?.Invoke(c);
        return SignText(h.ToJsonString(), c.ToJsonString(), hash, padding);
    }

    /// <summary>A good token of somebody.</summary>
    public string Of(string subject, string scope, params string[] roles) => Sign(claims: c =>
    {
        c["sub"] = subject;
        c["scope"] = scope;
        c["roles"] = new JsonArray([.. roles.Select(role => JsonValue.Create(role))]);
    });

    /// <summary>A token that was given for a customer's API key.</summary>
    public string OfKey(string owner, string scope) => Sign(claims: c =>
    {
        (c["sub"], c["scope"], c["client_id"]) = (owner, scope, "key:abcdefgh");
        c["roles"] = new JsonArray("customer");
    });

    public string SignText(string header, string claims, HashAlgorithmName? hash = null, RSASignaturePadding? padding = null)
    {
        var text = $"{Encode(header)}.{Encode(claims)}";
        return $"{text}.{Base64Url.EncodeToString(key.SignData(Encoding.ASCII.GetBytes(text), hash ?? HashAlgorithmName.SHA256, padding ?? RSASignaturePadding.Pkcs1))}";
    }

    public string Unsigned(string algorithm)
    {
        var header = Header();
        header["alg"] = algorithm;
        return $"{Encode(header.ToJsonString())}.{Encode(Claims().ToJsonString())}.AAAA";
    }

    public string Hmac(byte[] secret)
    {
        var header = Header();
        header["alg"] = "HS256";
        var text = $"{Encode(header.ToJsonString())}.{Encode(Claims().ToJsonString())}";
        return $"{text}.{Base64Url.EncodeToString(HMACSHA256.HashData(secret, Encoding.ASCII.GetBytes(text)))}";
    }

    public string Foreign(Action<JsonObject>? change = null)
    {
        var header = Header();
        change?.Invoke(header);
        using var other = RSA.Create(2048);
        using var foreign = new Signer(other, issuer);
        return foreign.SignText(header.ToJsonString(), Claims().ToJsonString());
    }

    public void Dispose() => key.Dispose();

    private static string Encode(string json) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json));

    // RFC 7638 §3.1.
    private static string Thumbprint(RSA key)
    {
        var parts = key.ExportParameters(includePrivateParameters: false);
        return Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes($$"""{"e":"{{Base64Url.EncodeToString(parts.Exponent)}}","kty":"RSA","n":"{{Base64Url.EncodeToString(parts.Modulus)}}"}""")));
    }
}

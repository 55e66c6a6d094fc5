using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.IdentityModel.Tokens;

namespace Argosy.Chassis.Hosting.Identity;

/// <summary>One public RSA key of the issuer, under the name that tokens call it by.</summary>
public sealed class IssuerKey
{
    private const int MinimumBits = 2048;   // RFC 7518 §3.3

    private IssuerKey(string id, RSAParameters parameters)
    {
        Id = id;
        Parameters = parameters;
        SecurityKey = new RsaSecurityKey(parameters) { KeyId = id };
    }

    /// <summary>The key id (<c>kid</c>).</summary>
    public string Id { get; }

    internal RsaSecurityKey SecurityKey { get; }

    private RSAParameters Parameters { get; }

    /// <summary>The key named by its RFC 7638 thumbprint, which is how our issuer names its keys.</summary>
    /// <exception cref="KeySourceException">It is shorter than 2048 bits.</exception>
    public static IssuerKey Of(RSA key) => Of(key.ExportParameters(includePrivateParameters: false), id: null);

    /// <summary>The only public RSA key in a PEM text.</summary>
    /// <exception cref="KeySourceException">There is none, there are several, it is private, or it is too short.</exception>
    public static IssuerKey FromPem(string pem)
    {
        if (pem.Contains("PRIVATE KEY", StringComparison.Ordinal))
        {
            throw new KeySourceException("it holds a private key: whoever checks tokens needs the public half only");
        }

        using var rsa = RSA.Create();
        try
        {
            rsa.ImportFromPem(pem);
        }
        catch (Exception e) when (e is ArgumentException or CryptographicException)
        {
            throw new KeySourceException("it is not one RSA public key in PEM", e);
        }

        return Of(rsa);
    }

    /// <summary>The usable keys of a JWK Set (RFC 7517): RSA, for signatures, with a name. Others are left out, as §5 asks.</summary>
    /// <exception cref="KeySourceException">The text is no JWK Set, or none of its keys is usable.</exception>
    public static IReadOnlyList<IssuerKey> FromJwks(ReadOnlyMemory<byte> utf8)
    {
        try
        {
            using var document = JsonDocument.Parse(utf8, new JsonDocumentOptions { AllowDuplicateProperties = false });
            var keys = document.RootElement.GetProperty("keys").EnumerateArray().Where(IsForUs).Select(FromJwk).ToList();
            return keys.Count > 0 && keys.DistinctBy(k => k.Id, StringComparer.Ordinal).Count() == keys.Count
                ? keys
                : throw new KeySourceException("the key set has no usable key, or two of one name");
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or ArgumentException or FormatException)
        {
            throw new KeySourceException("the answer is not a JSON Web Key Set", e);
        }
    }

    internal bool IsSameAs(IssuerKey other) =>
        Id == other.Id
        && Parameters.Modulus.AsSpan().SequenceEqual(other.Parameters.Modulus)
        && Parameters.Exponent.AsSpan().SequenceEqual(other.Parameters.Exponent);

    /// <summary>The public members of this key, for a JWK Set.</summary>
    public IReadOnlyDictionary<string, string> ToJwk() => new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["kty"] = "RSA",
        ["use"] = "sig",
        ["alg"] = "RS256",
        ["kid"] = Id,
        ["n"] = Base64UrlEncoder.Encode(Parameters.Modulus),
        ["e"] = Base64UrlEncoder.Encode(Parameters.Exponent),
    };

    /// <summary>RFC 7638: SHA-256 over the required members in lexical order, without white space.</summary>
    internal static string Thumbprint(RSAParameters key)
    {
        var canonical = $$"""{"e":"{{Base64UrlEncoder.Encode(key.Exponent)}}","kty":"RSA","n":"{{Base64UrlEncoder.Encode(key.Modulus)}}"}""";
        return Base64UrlEncoder.Encode(SHA256.HashData(Encoding.UTF8.GetBytes(canonical)));
    }

    private static IssuerKey Of(RSAParameters key, string? id) => key.Modulus!.Length * 8 >= MinimumBits
        ? new IssuerKey(id ?? Thumbprint(key), key)
        : throw new KeySourceException($"the RSA key has {key.Modulus.Length * 8} bits; at least {MinimumBits} are needed");

    private static bool IsForUs(JsonElement jwk) =>
        TokenText.TextOf(jwk, "kty") == "RSA"
        && TokenText.TextOf(jwk, "use") is null or "sig"
        && TokenText.TextOf(jwk, "alg") is null or "RS256"
        && TokenText.TextOf(jwk, "kid") is { Length: > 0 };

    private static IssuerKey FromJwk(JsonElement jwk) => Of(
        new RSAParameters
        {
            Modulus = Base64UrlEncoder.DecodeBytes(jwk.GetProperty("n").GetString()),
            Exponent = Base64UrlEncoder.DecodeBytes(jwk.GetProperty("e").GetString()),
        },
        TokenText.TextOf(jwk, "kid"));
}

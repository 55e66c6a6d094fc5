using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.IdentityModel.Tokens;

namespace Argosy.Chassis.Hosting.Identity;

/// <summary>
/// One public key of the issuer, under the name that tokens call it by, and with the one algorithm that it signs with: RS256, PS256 or
/// ES256. An algorithm belongs to a key; a token that names another is refused.
/// </summary>
public sealed class IssuerKey
{
    private const int MinimumBits = 2048;   // RFC 7518 §3.3

    private readonly SortedDictionary<string, string> _numbers;

    private IssuerKey(string? id, string algorithm, SecurityKey key, SortedDictionary<string, string> numbers)
    {
        _numbers = numbers;
        Id = id ?? Thumbprint(numbers);
        Algorithm = algorithm;
        SecurityKey = key;
        SecurityKey.KeyId = Id;
    }

    /// <summary>The key id (<c>kid</c>).</summary>
    public string Id { get; }

    /// <summary>What it signs with (<c>alg</c>): RS256, PS256 or ES256.</summary>
    public string Algorithm { get; }

    internal SecurityKey SecurityKey { get; }

    /// <summary>The key named by its RFC 7638 thumbprint, which is how our issuer names its keys.</summary>
    /// <param name="key">Its public half is taken.</param>
    /// <param name="algorithm">RS256 or PS256.</param>
    /// <exception cref="KeySourceException">It is shorter than 2048 bits.</exception>
    public static IssuerKey Of(RSA key, string algorithm = SecurityAlgorithms.RsaSha256) =>
        Of(key.ExportParameters(includePrivateParameters: false), algorithm, id: null);

    /// <summary>As the other, for ES256.</summary>
    /// <exception cref="KeySourceException">It is on another curve than P-256.</exception>
    public static IssuerKey Of(ECDsa key) => Of(key.ExportParameters(includePrivateParameters: false), id: null);

    /// <summary>The only public key in a PEM text: RSA is for RS256, P-256 for ES256.</summary>
    /// <exception cref="KeySourceException">There is none, there are several, it is private, too short, or on another curve.</exception>
    public static IssuerKey FromPem(string pem)
    {
        if (pem.Contains("PRIVATE KEY", StringComparison.Ordinal))
        {
            throw new KeySourceException("it holds a private key: whoever checks tokens needs the public half only");
        }

        using var rsa = RSA.Create();
        using var ec = ECDsa.Create();
        return Holds(rsa, pem) ? Of(rsa) : Holds(ec, pem) ? Of(ec) : throw new KeySourceException("it is not one public key in PEM, RSA or EC P-256");
    }

    /// <summary>The usable keys of a JWK Set (RFC 7517): for signatures, with a name, RSA or P-256. Others are left out, as §5 asks.</summary>
    /// <exception cref="KeySourceException">The text is no JWK Set, or none of its keys is usable.</exception>
    public static IReadOnlyList<IssuerKey> FromJwks(ReadOnlyMemory<byte> utf8)
    {
        try
        {
            using var document = JsonDocument.Parse(utf8, new JsonDocumentOptions { AllowDuplicateProperties = false });
            var keys = document.RootElement.GetProperty("keys").EnumerateArray().Select(FromJwk).OfType<IssuerKey>().ToList();
            return keys.Count > 0 && keys.DistinctBy(k => k.Id, StringComparer.Ordinal).Count() == keys.Count
                ? keys
                : throw new KeySourceException("the key set has no usable key, or two of one name");
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or ArgumentException or FormatException or CryptographicException)
        {
            throw new KeySourceException("the answer is not a JSON Web Key Set", e);
        }
    }

    internal bool IsSameAs(IssuerKey other) => Id == other.Id && Algorithm == other.Algorithm && _numbers.SequenceEqual(other._numbers);

    /// <summary>The public members of this key, for a JWK Set.</summary>
    public IReadOnlyDictionary<string, string> ToJwk() => new Dictionary<string, string>(_numbers, StringComparer.Ordinal)
    {
        ["use"] = "sig",
        ["alg"] = Algorithm,
        ["kid"] = Id,
    };

    /// <summary>RFC 7638: SHA-256 over the required members in lexical order, without white space. None of them needs escaping.</summary>
    private static string Thumbprint(SortedDictionary<string, string> numbers)
    {
        var canonical = $"{{{string.Join(',', numbers.Select(n => $"\"{n.Key}\":\"{n.Value}\""))}}}";
        return Base64UrlEncoder.Encode(SHA256.HashData(Encoding.UTF8.GetBytes(canonical)));
    }

    private static IssuerKey Of(RSAParameters key, string algorithm, string? id) => key.Modulus!.Length * 8 >= MinimumBits
        ? new IssuerKey(id, algorithm, new RsaSecurityKey(key), new(StringComparer.Ordinal)
        {
            ["kty"] = "RSA",
            ["n"] = Base64UrlEncoder.Encode(key.Modulus),
            ["e"] = Base64UrlEncoder.Encode(key.Exponent),
        })
        : throw new KeySourceException($"the RSA key has {key.Modulus.Length * 8} bits; at least {MinimumBits} are needed");

    // ECDsa refuses a point that is not on the curve.
    private static IssuerKey Of(ECParameters key, string? id) => key.Curve.Oid.Value == ECCurve.NamedCurves.nistP256.Oid.Value
        ? new IssuerKey(id, SecurityAlgorithms.EcdsaSha256, new ECDsaSecurityKey(ECDsa.Create(key)), new(StringComparer.Ordinal)
        {
            ["kty"] = "EC",
            ["crv"] = "P-256",
            ["x"] = Base64UrlEncoder.Encode(key.Q.X),
            ["y"] = Base64UrlEncoder.Encode(key.Q.Y),
        })
        : throw new KeySourceException("the EC key is not on the curve P-256");

    private static bool Holds(AsymmetricAlgorithm key, string pem)
    {
        try
        {
            key.ImportFromPem(pem);
            return true;
        }
        catch (Exception e) when (e is ArgumentException or CryptographicException)
        {
            return false;
        }
    }

    private static IssuerKey? FromJwk(JsonElement jwk)
    {
        if (TokenText.TextOf(jwk, "use") is not (null or "sig") || TokenText.TextOf(jwk, "kid") is not { Length: > 0 } kid)
        {
            return null;
        }

        return (TokenText.TextOf(jwk, "kty"), TokenText.TextOf(jwk, "alg"), TokenText.TextOf(jwk, "crv")) switch
        {
            ("RSA", null or SecurityAlgorithms.RsaSha256, _) => Rsa(SecurityAlgorithms.RsaSha256),
            ("RSA", SecurityAlgorithms.RsaSsaPssSha256, _) => Rsa(SecurityAlgorithms.RsaSsaPssSha256),
            ("EC", null or SecurityAlgorithms.EcdsaSha256, "P-256") => Of(
                new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = new ECPoint { X = Number("x"), Y = Number("y") } }, kid),
            _ => null,
        };

        IssuerKey Rsa(string algorithm) => Of(new RSAParameters { Modulus = Number("n"), Exponent = Number("e") }, algorithm, kid);

        byte[] Number(string member) => Base64UrlEncoder.DecodeBytes(jwk.GetProperty(member).GetString());
    }
}

using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Argosy.Testing;

/// <summary>
/// Signs access tokens as auth-service does, so that a service can be tested alone: give it <see cref="Environment"/> and it believes
/// them. Made without the library that checks them.
/// </summary>
public sealed class TestIssuer : IDisposable
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    // One for the whole process: to make one takes a quarter as long as to start what is to believe it.
    private static readonly RSAParameters Key = Make();

    private readonly RSA _key = RSA.Create(Key);
    private readonly string _publicKeyPath;
    private readonly string _keyId;

    /// <summary>An issuer whose public key is put into <paramref name="folder"/>.</summary>
    public TestIssuer(string folder)
    {
        _publicKeyPath = Path.Combine(folder, "issuer.public.pem");
        File.WriteAllText(_publicKeyPath, _key.ExportSubjectPublicKeyInfoPem());
        _keyId = Thumbprint();
    }

    /// <summary>What tokens carry as <c>iss</c>.</summary>
    public static string Name => "http://issuer.test";

    /// <summary>What makes a service trust this issuer.</summary>
    public IReadOnlyDictionary<string, string> Environment => new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["JWT_ISSUER"] = Name,
        ["JWT_PUBLIC_KEY_PATH"] = _publicKeyPath,
    };

    /// <summary>An access token (RFC 9068) of a user who has just logged in, or so long ago; given to a client, now or so much later.</summary>
    public string TokenFor(string user, bool admin = false, string client = "argosy", TimeSpan loggedIn = default, TimeSpan made = default)
    {
        var now = TimeProvider.System.GetUtcNow() + made;
        var header = new { alg = "RS256", typ = "at+jwt", kid = _keyId };
        var claims = new Dictionary<string, object>(StringComparer.Ordinal)
        {
            ["iss"] = Name,
            ["aud"] = "argosy",
            ["sub"] = user,
            ["client_id"] = client,
            ["jti"] = Guid.CreateVersion7(now).ToString(),
            ["sid"] = $"session-of-{user}",
            ["iat"] = now.ToUnixTimeSeconds(),
            ["nbf"] = now.ToUnixTimeSeconds(),
            ["exp"] = (now + Lifetime).ToUnixTimeSeconds(),
            ["auth_time"] = (now - loggedIn).ToUnixTimeSeconds(),
            ["scope"] = "api",
            ["roles"] = admin ? new[] { "admin" } : [],
        };
        var signed = $"{Encode(JsonSerializer.SerializeToUtf8Bytes(header))}.{Encode(JsonSerializer.SerializeToUtf8Bytes(claims))}";
        return $"{signed}.{Encode(_key.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1))}";
    }

    /// <inheritdoc/>
    public void Dispose() => _key.Dispose();

    internal static string Encode(ReadOnlySpan<byte> bytes) => Base64Url.EncodeToString(bytes);

    private static RSAParameters Make()
    {
        using var key = RSA.Create(2048);
        return key.ExportParameters(includePrivateParameters: true);
    }

    // RFC 7638: the members in this order, nothing between them.
    private string Thumbprint()
    {
        var parameters = _key.ExportParameters(includePrivateParameters: false);
        var json = $$"""{"e":"{{Encode(parameters.Exponent)}}","kty":"RSA","n":"{{Encode(parameters.Modulus)}}"}""";
        return Encode(SHA256.HashData(Encoding.UTF8.GetBytes(json)));
    }
}

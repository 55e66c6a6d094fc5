using System.Security.Cryptography;
using Argosy.Chassis;
using Argosy.Chassis.Hosting.Identity;
using Microsoft.IdentityModel.Tokens;

namespace Argosy.Auth;

/// <summary>
/// The RSA key that signs access tokens: made at the first start, kept in the data folder and nowhere else. This service checks tokens
/// with it too, without asking itself over HTTP.
/// </summary>
internal sealed class SigningKey : IKeySource
{
    private const int Bits = 3072;

    private SigningKey(RSA rsa)
    {
        Public = IssuerKey.Of(rsa);
        Credentials = new SigningCredentials(
            new RsaSecurityKey(rsa.ExportParameters(includePrivateParameters: true)) { KeyId = Public.Id }, SecurityAlgorithms.RsaSha256);
    }

    /// <summary>What everybody else gets from the JWK Set, named by its RFC 7638 thumbprint.</summary>
    public IssuerKey Public { get; }

    public SigningCredentials Credentials { get; }

    public Task<IReadOnlyList<IssuerKey>> FetchAsync(CancellationToken ct) => Task.FromResult<IReadOnlyList<IssuerKey>>([Public]);

    /// <exception cref="ConfigurationException">The key that is there cannot or should not be used.</exception>
    public static SigningKey LoadOrMake(string folder)
    {
        var path = Path.Combine(folder, "signing.pem");
        try
        {
            if (!File.Exists(path))
            {
                Make(path);
            }

            using var rsa = Load(path);
            return new SigningKey(rsa);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"DATA_DIR must be a folder in which this service may keep its signing key: {e.Message}");
        }
    }

    private static void Make(string path)
    {
        using var rsa = RSA.Create(Bits);
        SecretFile.Create(path, rsa.ExportPkcs8PrivateKeyPem());
    }

    private static RSA Load(string path)
    {
        if (SecretFile.IsOpenToOthers(path))
        {
            throw new ConfigurationException($"DATA_DIR holds {path}, which others than its owner may read: chmod 600 it, or delete it if somebody may have.");
        }

        var rsa = RSA.Create();
        try
        {
            rsa.ImportFromPem(File.ReadAllText(path));
            rsa.ExportParameters(includePrivateParameters: true);
        }
        catch (Exception e) when (e is ArgumentException or CryptographicException)
        {
            throw new ConfigurationException($"DATA_DIR holds {path}, which is not a private RSA key in PEM: move it away, and a new one is made; tokens issued so far end then.");
        }

        return rsa.KeySize >= Bits
            ? rsa
            : throw new ConfigurationException($"DATA_DIR holds {path}, a key of {rsa.KeySize} bits, and {Bits} are asked for: move it away, and a new one is made.");
    }
}

using System.Globalization;
using System.Security.Cryptography;
using Argosy.Chassis.Hosting.Identity;
using Microsoft.IdentityModel.Tokens;

namespace Argosy.Auth;

/// <summary>One private key, as it stands in its file: what it is in lines of its own (RFC 7468 §2 lets them be there), then PKCS#8 in PEM.</summary>
/// <remarks>
/// The algorithm belongs to the key and goes with it into retirement: what it signed is checked by it, whatever the setting says by then.
/// A file without these lines is of before there were any: RS256, or ES256 where it holds a key for that.
/// </remarks>
internal sealed record SigningKey
{
    private const int Bits = 3072;
    private const int CurveBits = 256;
    private const string AlgorithmLine = "Algorithm: ";
    private const string MadeLine = "Made: ";
    private const string RetiredLine = "Retired: ";

    private SigningKey(AsymmetricAlgorithm key, string algorithm, string pem)
    {
        Pem = pem;
        Public = key is ECDsa ec ? IssuerKey.Of(ec) : IssuerKey.Of((RSA)key, algorithm);
        SecurityKey secret = key is RSA rsa
            ? new RsaSecurityKey(rsa.ExportParameters(includePrivateParameters: true))
            : new ECDsaSecurityKey(ECDsa.Create(((ECDsa)key).ExportParameters(includePrivateParameters: true)));
        secret.KeyId = Public.Id;
        Credentials = new SigningCredentials(secret, algorithm);
    }

    /// <summary>What everybody else gets from the JWK Set, named by its RFC 7638 thumbprint.</summary>
    public IssuerKey Public { get; }

    public SigningCredentials Credentials { get; }

    public string Id => Public.Id;

    public string Algorithm => Public.Algorithm;

    public DateTimeOffset Made { get; private init; }

    /// <summary>When it ceased to sign; null as long as it does, or is yet to.</summary>
    public DateTimeOffset? Retired { get; private init; }

    public bool IsEncrypted => MasterKey.Encrypted(Pem);

    private string Pem { get; init; }

    public static SigningKey Make(string algorithm, DateTimeOffset now, MasterKey? master)
    {
        using AsymmetricAlgorithm key = algorithm == SecurityAlgorithms.EcdsaSha256 ? ECDsa.Create(ECCurve.NamedCurves.nistP256) : RSA.Create(Bits);
        return new SigningKey(key, algorithm, MasterKey.Write(key, master)) { Made = now };
    }

    /// <exception cref="FormatException">It cannot be used; the message completes "… holds FILE, ".</exception>
    public static SigningKey Read(string text, MasterKey? master)
    {
        var begin = text.IndexOf("-----BEGIN", StringComparison.Ordinal);
        var (lines, pem) = begin < 0 ? (text, "") : (text[..begin], text[begin..]);
        var (key, algorithm) = Import(pem, Line(lines, AlgorithmLine), master);
        using (key)
        {
            var asked = key is RSA ? Bits : CurveBits;
            return key.KeySize == asked || (key is RSA && key.KeySize > asked)
                ? new SigningKey(key, algorithm, pem) { Made = Time(lines, MadeLine) ?? DateTimeOffset.UnixEpoch, Retired = Time(lines, RetiredLine) }
                : throw new FormatException($"a key of {key.KeySize} bits, and {asked} are asked for: move it away, and a new one is made.");
        }
    }

    public SigningKey RetiredAt(DateTimeOffset now) => this with { Retired = now };

    public SigningKey EncryptedBy(MasterKey master)
    {
        var (key, _) = Import(Pem, Algorithm, master);
        using (key)
        {
            return this with { Pem = MasterKey.Write(key, master) };
        }
    }

    public string ToText()
    {
        var retired = Retired is { } at ? string.Create(CultureInfo.InvariantCulture, $"{RetiredLine}{at:O}\n") : "";
        return string.Create(CultureInfo.InvariantCulture, $"{AlgorithmLine}{Algorithm}\n{MadeLine}{Made:O}\n{retired}{Pem.TrimEnd()}\n");
    }

    private static (AsymmetricAlgorithm Key, string Algorithm) Import(string pem, string? algorithm, MasterKey? master) => algorithm switch
    {
        SecurityAlgorithms.RsaSha256 or SecurityAlgorithms.RsaSsaPssSha256 => (TryImport(RSA.Create(), pem, master) ?? throw NoKey(), algorithm),
        SecurityAlgorithms.EcdsaSha256 => (TryImport(ECDsa.Create(), pem, master) ?? throw NoKey(), algorithm),
        null when TryImport(RSA.Create(), pem, master) is { } rsa => (rsa, SecurityAlgorithms.RsaSha256),
        null when TryImport(ECDsa.Create(), pem, master) is { } ec => (ec, SecurityAlgorithms.EcdsaSha256),
        null => throw NoKey(),
        _ => throw new FormatException($"a key for '{algorithm}', which this version does not know."),
    };

    private static AsymmetricAlgorithm? TryImport(AsymmetricAlgorithm key, string pem, MasterKey? master)
    {
        try
        {
            MasterKey.Read(key, pem, master);
            return key;
        }
        catch (Exception e) when (e is ArgumentException or CryptographicException)
        {
            key.Dispose();
            return null;
        }
    }

    private static FormatException NoKey() =>
        new("which is not a private key in PEM, RSA or EC: move it away, and a new one is made; tokens issued so far end then.");

    private static string? Line(string lines, string name) =>
        lines.Split('\n').Select(line => line.Trim()).FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal))?[name.Length..];

    private static DateTimeOffset? Time(string lines, string name) => Line(lines, name) is { } text
        ? DateTimeOffset.TryParseExact(text, "O", CultureInfo.InvariantCulture, DateTimeStyles.None, out var time)
            ? time
            : throw new FormatException($"in which '{name}{text}' is no time.")
        : null;
}

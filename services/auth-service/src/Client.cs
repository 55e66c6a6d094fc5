using System.Security.Cryptography;
using Argosy.Chassis.Hosting.Identity;
using Microsoft.IdentityModel.Tokens;

namespace Argosy.Auth;

/// <summary>A program that may ask for tokens, as the configuration declares it.</summary>
/// <param name="Id">The <c>client_id</c>.</param>
/// <param name="Name">What people read on the login page.</param>
/// <param name="Grants">The <see cref="GrantType"/>s that it may use.</param>
/// <param name="RedirectUris">Where codes may be sent.</param>
/// <param name="Scopes">The scopes that it may ask for.</param>
/// <param name="Key">What its assertions are signed with; null for a public client, which has nothing to prove itself by.</param>
internal sealed record Client(
    string Id, string Name, IReadOnlyList<string> Grants, IReadOnlyList<RedirectUri> RedirectUris, IReadOnlyList<string> Scopes, ClientKey? Key)
{
    /// <summary>The client that people use without a browser: public, first-party.</summary>
    public const string FirstParty = "argosy";

    public bool IsPublic => Key is null;

    /// <summary>A subject that no account can have: those are UUIDs.</summary>
    public string Subject => $"{Caller.ServicePrefix}{Id}";

    public bool Uses(string grant) => Grants.Contains(grant, StringComparer.Ordinal);

    /// <summary>
    /// What is asked for, in the order of the configuration; all that the client may have where nothing is asked for; null where it may
    /// not have all of it (<c>invalid_scope</c>).
    /// </summary>
    public string? Grant(string? asked) => Scope.Narrow(Scopes, asked);

    /// <summary>What of it the client may not have.</summary>
    public IEnumerable<string> Refused(string? asked) => Scope.Split(asked ?? "").Except(Scopes, StringComparer.Ordinal);
}

/// <summary>Ways to get a token that exist here.</summary>
internal static class GrantType
{
    public const string AuthorizationCode = "authorization_code";
    public const string RefreshToken = "refresh_token";
    public const string ClientCredentials = "client_credentials";

    public static IReadOnlyList<string> All { get; } = [AuthorizationCode, RefreshToken, ClientCredentials];
}

/// <summary>What a token is good for (RFC 6749 §3.3).</summary>
internal static class Scope
{
    /// <summary>The platform's own API.</summary>
    public const string Api = IdentityOptions.ApiScope;

    /// <summary>The same for reading only.</summary>
    public const string ApiRead = IdentityOptions.ReadScope;

    /// <summary>Who the user is: an ID token, and <c>/connect/userinfo</c> (OpenID Connect Core §5.4).</summary>
    public const string OpenId = "openid";

    /// <summary>The user's address, at <c>/connect/userinfo</c>.</summary>
    public const string Email = "email";

    public static IReadOnlyList<string> All { get; } = [OpenId, Email, Api, ApiRead];

    public static string[] Split(string scope) => scope.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    public static bool Has(string scope, string wanted) => Split(scope).Contains(wanted, StringComparer.Ordinal);

    /// <summary>What is asked for of <paramref name="allowed"/>; all where nothing is; null where more is.</summary>
    public static string? Narrow(IEnumerable<string> allowed, string? asked)
    {
        if (asked is null)
        {
            return string.Join(' ', allowed);
        }

        var wanted = Split(asked);
        return wanted.Length > 0 && wanted.All(scope => allowed.Contains(scope, StringComparer.Ordinal))
            ? string.Join(' ', allowed.Where(scope => wanted.Contains(scope, StringComparer.Ordinal)))
            : null;
    }
}

/// <summary>The public key of a client, and the algorithms that go with it. RSA in two paddings, or the curve P-256; nothing symmetric.</summary>
internal sealed record ClientKey(SecurityKey Key, IReadOnlyList<string> Algorithms)
{
    private const int MinimumBits = 2048;   // RFC 7518 §3.3

    /// <exception cref="FormatException">It is not such a key; the message continues "…, but".</exception>
    public static ClientKey FromPem(string pem)
    {
        if (pem.Contains("PRIVATE KEY", StringComparison.Ordinal))
        {
            throw new FormatException("it holds a private key, which is nobody's but the client's: name its public half");
        }

        try
        {
            using var rsa = TryRsa(pem);
            return rsa is not null ? OfRsa(rsa) : OfEc(pem);
        }
        catch (Exception e) when (e is ArgumentException or CryptographicException)
        {
            throw new FormatException("it is not one public key in PEM, RSA or on the curve P-256", e);
        }
    }

    private static RSA? TryRsa(string pem)
    {
        var rsa = RSA.Create();
        try
        {
            rsa.ImportFromPem(pem);
            return rsa;
        }
        catch (Exception e) when (e is ArgumentException or CryptographicException)
        {
            rsa.Dispose();
            return null;
        }
    }

    private static ClientKey OfRsa(RSA rsa) => rsa.KeySize >= MinimumBits
        ? new ClientKey(new RsaSecurityKey(rsa.ExportParameters(includePrivateParameters: false)), [SecurityAlgorithms.RsaSha256, SecurityAlgorithms.RsaSsaPssSha256])
        : throw new FormatException($"its key has {rsa.KeySize} bits, and at least {MinimumBits} are needed");

    private static ClientKey OfEc(string pem)
    {
        var curve = ECDsa.Create();
        curve.ImportFromPem(pem);
        return curve.KeySize == 256
            ? new ClientKey(new ECDsaSecurityKey(curve), [SecurityAlgorithms.EcdsaSha256])
            : throw new FormatException($"its curve has {curve.KeySize} bits, and P-256 is wanted");
    }
}

using Argosy.Chassis;
using Argosy.Chassis.Hosting.Identity;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Argosy.Auth;

/// <summary>Signs access tokens in the profile of RFC 9068. No personal data goes in: services log the ids they see.</summary>
internal sealed class AccessTokens(AuthOptions options, SigningKeys keys, TimeProvider time)
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    private readonly JsonWebTokenHandler _handler = new() { SetDefaultTimesOnTokenCreation = false };

    /// <summary>For a user, by a client of theirs; the scope may be narrower than the session's.</summary>
    public string Issue(Session session, string? scope = null) => Sign("at+jwt", IdentityOptions.Audience, new Dictionary<string, object>(StringComparer.Ordinal)
    {
        ["sub"] = session.Account,
        ["client_id"] = session.Client,
        ["jti"] = Ids.New(time),
        ["sid"] = session.Id,
        ["auth_time"] = session.Authenticated.ToUnixTimeSeconds(),
        ["scope"] = scope ?? session.Scope,
        ["roles"] = new[] { session.Role },
    });

    /// <summary>For a machine with a user's API key: a customer, whoever its owner is, and nobody has logged in.</summary>
    public string Issue(KeyGrant key, TimeSpan lifetime) => Sign("at+jwt", IdentityOptions.Audience, new Dictionary<string, object>(StringComparer.Ordinal)
    {
        ["sub"] = key.Account,
        ["client_id"] = Caller.KeyPrefix + key.Prefix,
        ["jti"] = Ids.New(time),
        ["sid"] = key.Id,
        ["scope"] = key.Scope,
        ["roles"] = new[] { Account.Customer },
    }, lifetime);

    /// <summary>For a client in its own name: there is no session, and no role.</summary>
    public string Issue(Client client, string scope) => Sign("at+jwt", IdentityOptions.Audience, new Dictionary<string, object>(StringComparer.Ordinal)
    {
        ["sub"] = client.Subject,
        ["client_id"] = client.Id,
        ["jti"] = Ids.New(time),
        ["scope"] = scope,
        ["roles"] = Array.Empty<string>(),
    });

    /// <summary>An ID token (OpenID Connect Core §2): tells the client who has logged in, and opens nothing.</summary>
    public string Identify(Redeemed redeemed)
    {
        var claims = new Dictionary<string, object>(StringComparer.Ordinal)
        {
            ["sub"] = redeemed.Session.Account,
            ["sid"] = redeemed.Session.Id,
            ["auth_time"] = redeemed.Session.Authenticated.ToUnixTimeSeconds(),
        };
        if (redeemed.Nonce is { } nonce)
        {
            claims["nonce"] = nonce;
        }

        return Sign("JWT", redeemed.Session.Client, claims);
    }

    private string Sign(string type, string audience, Dictionary<string, object> claims, TimeSpan? lifetime = null)
    {
        var now = time.GetUtcNow();
        return _handler.CreateToken(new SecurityTokenDescriptor
        {
            TokenType = type,
            SigningCredentials = keys.Keys.Signing.Credentials,
            Issuer = options.Issuer,
            Audience = audience,
            IssuedAt = now.UtcDateTime,
            NotBefore = now.UtcDateTime,
            Expires = (now + (lifetime ?? Lifetime)).UtcDateTime,
            Claims = claims,
        });
    }
}

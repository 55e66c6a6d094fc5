using Argosy.Chassis;
using Argosy.Chassis.Hosting.Identity;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Argosy.Auth;

/// <summary>Signs access tokens in the profile of RFC 9068. No personal data goes in: services log the ids they see.</summary>
internal sealed class AccessTokens(AuthOptions options, SigningKey key, TimeProvider time)
{
    /// <summary>What tokens are good for. There is one scope as long as there is one kind of client.</summary>
    public const string Scope = "api";

    /// <summary>The client that people use: public, first-party.</summary>
    public const string Client = "argosy";

    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    private readonly JsonWebTokenHandler _handler = new() { SetDefaultTimesOnTokenCreation = false };

    public string Issue(Session session)
    {
        var now = time.GetUtcNow();
        return _handler.CreateToken(new SecurityTokenDescriptor
        {
            TokenType = "at+jwt",
            SigningCredentials = key.Credentials,
            Issuer = options.Issuer,
            Audience = IdentityOptions.Audience,
            IssuedAt = now.UtcDateTime,
            NotBefore = now.UtcDateTime,
            Expires = (now + Lifetime).UtcDateTime,
            Claims = new Dictionary<string, object>(StringComparer.Ordinal)
            {
                ["sub"] = session.Account,
                ["client_id"] = Client,
                ["jti"] = Ids.New(time),
                ["sid"] = session.Id,
                ["auth_time"] = session.Authenticated.ToUnixTimeSeconds(),
                ["scope"] = Scope,
                ["roles"] = new[] { session.Role },
            },
        });
    }
}

namespace Argosy.Chassis.Hosting.Identity;

/// <summary>How access tokens are checked.</summary>
public sealed record IdentityOptions
{
    /// <summary>The only audience (<c>aud</c>) that is ours.</summary>
    public const string Audience = "argosy";

    /// <summary><c>JWT_ISSUER</c>: compared with <c>iss</c> byte by byte, so a trailing slash counts.</summary>
    public required string Issuer { get; init; }

    /// <summary>Where the issuer's keys are served; not asked when <see cref="PublicKeyPath"/> is set.</summary>
    public required Uri Jwks { get; init; }

    /// <summary><c>JWT_PUBLIC_KEY_PATH</c>: a PEM file with the issuer's public RSA key, read again at every refresh.</summary>
    public string? PublicKeyPath { get; init; }

    /// <summary>How often the keys are fetched though nothing asks for it. Retired keys stop being good within this time.</summary>
    public TimeSpan RefreshEvery { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// The least time between two fetches that unknown key ids cause. Anybody can make a key id up, so this is what keeps a stranger
    /// from making us ask the issuer at their pace.
    /// </summary>
    public TimeSpan RefetchAfter { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long one fetch may take.</summary>
    public TimeSpan FetchTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How many validated tokens are remembered, at most.</summary>
    public int CacheSize { get; init; } = 8192;

    /// <summary>What is wrong with these settings, each a sentence that begins with the variable; empty when nothing is.</summary>
    public IEnumerable<string> Errors()
    {
        if (!Uri.TryCreate(Issuer, UriKind.Absolute, out var issuer) || (issuer.Scheme != "http" && issuer.Scheme != "https"))
        {
            yield return $"JWT_ISSUER is '{Issuer}'; set it to the absolute http(s) URL that tokens carry as iss";
        }

        if (PublicKeyPath is { } path && PemKeySource.WhyUnusable(path) is { } reason)
        {
            yield return $"JWT_PUBLIC_KEY_PATH is '{path}': {reason}; name a PEM file with the issuer's public RSA key, or leave it unset";
        }
    }
}

namespace Argosy.Chassis.Hosting.Identity;

/// <summary>How access tokens are checked.</summary>
public sealed record IdentityOptions
{
    /// <summary>The only audience (<c>aud</c>) that is ours.</summary>
    public const string Audience = "argosy";

    /// <summary>The scope that opens the API.</summary>
    public const string ApiScope = "api";

    /// <summary>The scope that opens the API for reading only.</summary>
    public const string ReadScope = "api.read";

    /// <summary>Where a JWK Set is served (RFC 8414 leaves the place open; everybody uses this one).</summary>
    public const string JwksPath = "/.well-known/jwks.json";

    private const string IssuerService = "auth-service";

    /// <summary><c>JWT_ISSUER</c>: compared with <c>iss</c> byte by byte, so a trailing slash counts.</summary>
    public required string Issuer { get; init; }

    /// <summary>Where the issuer's keys are served; not asked when <see cref="PublicKeyPath"/> is set.</summary>
    public required Uri Jwks { get; init; }

    /// <summary><c>JWT_PUBLIC_KEY_PATH</c>: a PEM file with the issuer's public key (RSA for RS256, P-256 for ES256), read again at every refresh.</summary>
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

    /// <summary>From the environment; what is wrong is noted in <paramref name="settings"/>, so that all errors come out together.</summary>
    internal static IdentityOptions Read(Settings settings, ServiceOptions options)
    {
        if (options.JwtIssuer is null && settings.Text("JWT_ISSUER") is null)
        {
            settings.Refuse("JWT_ISSUER", "is missing: set it to the address that tokens carry as iss, for example http://127.0.0.1:8080.");
        }

        if (options.JwtPublicKeyPath is { } path && PemKeySource.WhyUnusable(path) is { } reason)
        {
            settings.Refuse("JWT_PUBLIC_KEY_PATH", $"is '{path}', but {reason}: name a PEM file with the issuer's public key, or leave it unset.");
        }

        var issuer = options.AddressOf(IssuerService);
        if (issuer is null && options.JwtPublicKeyPath is null)
        {
            settings.Refuse("SERVICE_ENDPOINTS", $"has no entry for {IssuerService}, whose keys prove who is asking: add it, or set JWT_PUBLIC_KEY_PATH.");
        }

        return new IdentityOptions
        {
            Issuer = options.JwtIssuer ?? "",
            Jwks = new Uri(issuer ?? new Uri("http://localhost"), JwksPath),
            PublicKeyPath = options.JwtPublicKeyPath,
        };
    }
}

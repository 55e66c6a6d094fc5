namespace Argosy.Chassis.Hosting.Identity;

/// <summary>The issuer's keys from its JWK Set endpoint. The address is configuration; nothing in a token ever becomes a URL.</summary>
internal sealed class JwksKeySource(IHttpClientFactory clients, IdentityOptions options) : IKeySource
{
    internal const string Client = "argosy.issuer-keys";

    internal const int MaxBytes = 64 * 1024;

    public async Task<IReadOnlyList<IssuerKey>> FetchAsync(CancellationToken ct)
    {
        using var client = clients.CreateClient(Client);
        try
        {
            return IssuerKey.FromJwks(await client.GetByteArrayAsync(options.Jwks, ct));
        }
        catch (HttpRequestException e)
        {
            throw new KeySourceException($"{options.Jwks} did not answer with keys: {e.Message}", e);
        }
    }
}

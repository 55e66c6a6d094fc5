namespace Argosy.Chassis.Hosting.Identity;

/// <summary>The issuer's key from a file (<c>JWT_PUBLIC_KEY_PATH</c>). Tokens must call it by its RFC 7638 thumbprint.</summary>
internal sealed class PemKeySource(string path) : IKeySource
{
    public async Task<IReadOnlyList<IssuerKey>> FetchAsync(CancellationToken ct)
    {
        try
        {
            return [IssuerKey.FromPem(await File.ReadAllTextAsync(path, ct))];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new KeySourceException($"{path} cannot be read: {e.Message}", e);
        }
    }

    /// <summary>For the check at start: the reason, or null if the file is as it should be.</summary>
    public static string? WhyUnusable(string path)
    {
        try
        {
            IssuerKey.FromPem(File.ReadAllText(path));
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or KeySourceException)
        {
            return e is KeySourceException ? e.Message : "it cannot be read";
        }
    }
}

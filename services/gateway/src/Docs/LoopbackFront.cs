namespace Argosy.Gateway.Docs;

/// <summary>
/// A laptop's gateway has several names, and a login comes back to one of them only, that of the issuer: the page is read there, or its login
/// would be refused for an address that nobody has registered.
/// </summary>
internal sealed class LoopbackFront
{
    private readonly Uri _issuer;

    private LoopbackFront(Uri issuer) => _issuer = issuer;

    /// <summary>Null where the issuer is no loopback address: who runs that knows its name.</summary>
    public static LoopbackFront? Of(string? issuer) =>
        Uri.TryCreate(issuer, UriKind.Absolute, out var uri) && uri.IsLoopback ? new LoopbackFront(uri) : null;

    /// <summary>The same page at the issuer's own name; null where the request has it, or comes by a name or a port that is no other one of it.</summary>
    public string? Elsewhere(HttpRequest request)
    {
        var host = request.Host;
        return host.Host is "localhost" or "127.0.0.1" or "[::1]"
            && (host.Port ?? (request.IsHttps ? 443 : 80)) == _issuer.Port
            && !host.Host.Equals(_issuer.Host, StringComparison.OrdinalIgnoreCase)
                ? $"{_issuer.GetLeftPart(UriPartial.Authority)}{request.Path.ToUriComponent()}{request.QueryString.ToUriComponent()}"
                : null;
    }
}

using System.Buffers;

namespace Argosy.Mesh.Routing;

/// <summary>A request target (RFC 9112, 3.2) taken apart: the normalised path, and the query as it came, with its question mark.</summary>
/// <param name="Path">See <see cref="RequestPath"/>.</param>
/// <param name="Query">Empty, or from the <c>?</c> on. It is not looked at when a rule is chosen.</param>
public readonly record struct RequestTarget(string Path, string Query)
{
    // RFC 3986 query, and those characters that clients send in queries without escaping them. No #: a fragment is never sent.
    private static readonly SearchValues<char> LegalInQuery = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=:@/?%[]{}|\"<>^`\\");

    /// <summary>Accepts the origin form and the absolute form, whose authority the server has compared with the Host field.</summary>
    public static bool TryParse(string raw, out RequestTarget target, out string? refusal)
    {
        target = default;
        var origin = raw.StartsWith("http://", StringComparison.OrdinalIgnoreCase) || raw.StartsWith("https://", StringComparison.OrdinalIgnoreCase)
            ? OriginForm(raw) : raw;
        var mark = origin.IndexOf('?', StringComparison.Ordinal);
        var query = mark < 0 ? "" : origin[mark..];
        if (query.AsSpan().IndexOfAnyExcept(LegalInQuery) >= 0)
        {
            refusal = "The query has a character that must be escaped.";
            return false;
        }

        if (!RequestPath.TryNormalise(mark < 0 ? origin : origin[..mark], out var path, out refusal))
        {
            return false;
        }

        target = new RequestTarget(path, query);
        return true;
    }

    private static string OriginForm(string absolute)
    {
        var authority = absolute.IndexOf("//", StringComparison.Ordinal) + 2;
        var path = absolute.AsSpan(authority).IndexOfAny('/', '?');
        return path < 0 ? "/" : absolute[authority + path] == '?' ? string.Concat("/", absolute.AsSpan(authority + path)) : absolute[(authority + path)..];
    }
}

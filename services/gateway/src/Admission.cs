using Argosy.Chassis;

namespace Argosy.Gateway;

/// <summary>What is turned away at the door, before anybody is asked.</summary>
internal static class Admission
{
    private static readonly Problem Smuggling = Problem.Invalid(
        "gateway.framing", "The request says in two ways, or in an unknown one, where its body ends.");

    private static readonly Problem UnknownMethod = new(405, "gateway.method", "This method is not taken here; see Allow.");

    public const string Methods = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

    public static Problem? Refuse(HttpContext context)
    {
        var request = context.Request;
        if (HasAmbiguousFraming(request.Headers))
        {
            context.Response.Headers.Connection = "close";          // what follows on this connection may not be what it seems
            return Smuggling;
        }

        if (!IsKnown(request.Method))
        {
            context.Response.Headers.Allow = Methods;
            return UnknownMethod;
        }

        return null;
    }

    /// <summary>Whether it is one of <see cref="Methods"/>, which are case-sensitive (RFC 9110, 9.1).</summary>
    public static bool IsKnown(string method) => method is "GET" or "HEAD" or "POST" or "PUT" or "PATCH" or "DELETE" or "OPTIONS";

    /// <summary>
    /// CL.TE and TE.TE: RFC 9112, 6.1 lets a server close the connection on both, and this one does. Kestrel believes the transfer
    /// coding and renames the length to X-Content-Length, which is how both are seen here.
    /// </summary>
    private static bool HasAmbiguousFraming(IHeaderDictionary headers)
        => headers.TransferEncoding is { Count: > 0 } coding
            && (headers.ContentLength is not null || headers.ContainsKey("X-Content-Length")
                || coding.Count > 1 || !string.Equals(coding[0], "chunked", StringComparison.OrdinalIgnoreCase));
}

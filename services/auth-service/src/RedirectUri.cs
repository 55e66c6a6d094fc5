using System.Globalization;
using System.Net;

namespace Argosy.Auth;

/// <summary>
/// Where an authorization code may be sent. Compared letter by letter (RFC 9700 §4.1.3); only the port of a loopback address may be
/// another, because a native program takes the port that is free (RFC 8252 §7.3).
/// </summary>
internal sealed record RedirectUri(string Text)
{
    private static readonly string[] Loopback = ["http://127.0.0.1", "http://[::1]"];

    /// <summary>Why it cannot be registered, continuing "…, which"; null if it can.</summary>
    public static string? Fault(string text)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || !text.All(c => c is > ' ' and <= '~'))
        {
            return "is no absolute URI in visible ASCII";
        }

        return uri switch
        {
            { Fragment.Length: > 0 } => "has a fragment (RFC 6749 §3.1.2)",
            { UserInfo.Length: > 0 } => "has user information",
            { Scheme: "https" } => null,
            { Scheme: "http" } => PrefixOf(text) is null ? "is http, which is for 127.0.0.1 and [::1] only" : null,
            _ when uri.Scheme.Contains('.', StringComparison.Ordinal) => null,      // private use, named after a domain: RFC 8252 §7.1
            _ => "has a scheme that is neither https nor a private one named after a domain",
        };
    }

    public bool Matches(string asked) =>
        string.Equals(asked, Text, StringComparison.Ordinal)
        || (PrefixOf(Text) is { } prefix && asked.StartsWith(prefix, StringComparison.Ordinal)
            && WithoutPort(asked[prefix.Length..]) is { } rest && string.Equals(rest, WithoutPort(Text[prefix.Length..]), StringComparison.Ordinal));

    private static string? PrefixOf(string text) => Array.Find(
        Loopback, prefix => text.StartsWith(prefix, StringComparison.Ordinal) && (text.Length == prefix.Length || text[prefix.Length] is ':' or '/' or '?'));

    // Null where what follows the host is neither a port nor what may come after one.
    private static string? WithoutPort(string rest)
    {
        if (rest.StartsWith(':'))
        {
            var digits = rest.Skip(1).TakeWhile(char.IsAsciiDigit).Count();
            if (digits is 0 or > 5 || int.Parse(rest.AsSpan(1, digits), CultureInfo.InvariantCulture) > IPEndPoint.MaxPort)
            {
                return null;
            }

            rest = rest[(1 + digits)..];
        }

        return rest.Length == 0 || rest[0] is '/' or '?' ? rest : null;
    }
}

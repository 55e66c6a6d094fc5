using System.Text.RegularExpressions;

namespace Argosy.Auth;

/// <summary>Addresses in the one form in which they are kept and compared.</summary>
internal static partial class EmailAddress
{
    public const string Expected = "must be an e-mail address such as name@example.org";

    private const int MaxLength = 254;   // RFC 5321 §4.5.3.1.3, without the angle brackets
    private const int MaxLocalLength = 64;

    /// <summary>
    /// The address in lower case, or null if it is none. The part before the @ is lowered too: no provider in use tells people apart by
    /// case, and two accounts for one mailbox would. ASCII only: addresses after RFC 6531 are not supported.
    /// </summary>
    public static string? Normalise(string text)
    {
        var address = text.Trim(' ').ToLowerInvariant();
        return address.Length <= MaxLength && address.IndexOf('@', StringComparison.Ordinal) <= MaxLocalLength && Form().IsMatch(address)
            ? address
            : null;
    }

    // RFC 5321 Dot-string @ Domain, with at least two labels; no quoted strings, comments or address literals.
    [GeneratedRegex(
        @"\A[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\z",
        RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex Form();
}

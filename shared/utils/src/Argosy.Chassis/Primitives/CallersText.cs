namespace Argosy.Chassis;

/// <summary>A caller's own text where they are told what is wrong with it.</summary>
public static class CallersText
{
    /// <summary>
    /// The text as it may stand in any answer: shortened to <paramref name="most"/> characters, and with a question mark for whatever is no
    /// visible ASCII, and for quotes and backslashes (RFC 6749 §5.2 has neither in an <c>error_description</c>). In a page it is encoded all the same.
    /// </summary>
    public static string Shown(string text, int most = 40) =>
        string.Concat(text.Take(most).Select(c => c is >= ' ' and <= '~' and not ('"' or '\\') ? c : '?')) + (text.Length > most ? "…" : "");
}

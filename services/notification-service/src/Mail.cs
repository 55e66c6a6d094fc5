using System.Globalization;
using System.Net.Mail;
using System.Text;

namespace Argosy.Notifications;

/// <summary>A mail as text: RFC 5322 with MIME, UTF-8, every line ended by CRLF. Nothing that a customer chose can end a header.</summary>
internal static class Mail
{
    private const string Sender = "Argosy <orders@argosy.local>";
    private const int LineWidth = 76;
    private const int LongestWord = 200;
    private const int LongestEncoded = 45;      // bytes, so that an encoded word stays below its 75 characters (RFC 2047 §2)

    /// <summary>The whole message, or null where the address is none that can be written to.</summary>
    public static string? Compose(string id, string email, string? name, string subject, string text, DateTimeOffset at)
    {
        if (!IsAddress(email))
        {
            return null;
        }

        var greeting = Clean(name) is { Length: > 0 } given ? $"Hello {given}," : "Hello,";
        var mail = new StringBuilder()
            .Header("From", Sender)
            .Header("To", Clean(name) is { Length: > 0 } phrase ? $"{Encode(phrase)}\r\n <{email}>" : email)
            .Header("Subject", Encode(Clean(subject)))
            .Header("Date", at.UtcDateTime.ToString("ddd, dd MMM yyyy HH:mm:ss '+0000'", CultureInfo.InvariantCulture))
            .Header("Message-ID", $"<{id}@argosy.local>")
            .Header("MIME-Version", "1.0")
            .Header("Content-Type", "text/plain; charset=utf-8")
            .Header("Content-Transfer-Encoding", "8bit")
            .Header("Auto-Submitted", "auto-generated")       // RFC 3834: nobody's holiday notice answers it
            .Append("\r\n");
        foreach (var line in $"{greeting}\n\n{text}\n\nWarm regards,\nArgosy".ReplaceLineEndings("\n").Split('\n'))
        {
            AppendWrapped(mail, line);
        }

        return mail.ToString();
    }

    private static StringBuilder Header(this StringBuilder mail, string name, string value) => mail.Append(name).Append(": ").Append(value).Append("\r\n");

    // Printable ASCII without brackets, quotes or blanks, and with the parts of an address: what the framework also takes for one.
    private static bool IsAddress(string email) =>
        email.Length is >= 3 and <= 254
        && email.All(c => c is > ' ' and <= '~' && !"<>()[],;:\\\"".Contains(c, StringComparison.Ordinal))
        && MailAddress.TryCreate(email, out var address)
        && address.Address == email;

    // Control characters and line ends of every alphabet become blanks, blanks are single: what is left stays on its line.
    private static string Clean(string? text)
    {
        var clean = new StringBuilder();
        foreach (var rune in (text ?? "").EnumerateRunes())
        {
            clean.Append(Rune.IsControl(rune) || Rune.IsWhiteSpace(rune) ? " " : rune.ToString());
        }

        return string.Join(' ', clean.ToString().Split(' ', StringSplitOptions.RemoveEmptyEntries));
    }

    // Words of letters and digits go as they are (they are atoms, RFC 5322 §3.2.3); everything else as encoded words, folded between them.
    private static string Encode(string text)
    {
        if (text.Length <= 60 && text.All(c => char.IsAsciiLetterOrDigit(c) || c == ' '))
        {
            return text;
        }

        var words = new List<string>();
        var bytes = new List<byte>(LongestEncoded);
        Span<byte> utf8 = stackalloc byte[4];
        foreach (var rune in text.EnumerateRunes())
        {
            var length = rune.EncodeToUtf8(utf8);
            if (bytes.Count + length > LongestEncoded)
            {
                words.Add($"=?utf-8?B?{Convert.ToBase64String([.. bytes])}?=");
                bytes.Clear();
            }

            bytes.AddRange(utf8[..length]);
        }

        words.Add($"=?utf-8?B?{Convert.ToBase64String([.. bytes])}?=");
        return string.Join("\r\n ", words);
    }

    // RFC 5322 §2.1.1: lines should have at most 78 characters and must have at most 998. Lines end between words.
    private static void AppendWrapped(StringBuilder mail, string line)
    {
        var width = 0;
        foreach (var word in line.Split(' ').SelectMany(Pieces))
        {
            if (width > 0)
            {
                var fits = width + 1 + word.Length <= LineWidth;
                mail.Append(fits ? " " : "\r\n");
                width = fits ? width + 1 : 0;
            }

            mail.Append(word);
            width += word.Length;
        }

        mail.Append("\r\n");
    }

    // No word of a language is as long; whatever it is, it does not break the line's bound. A character stays in one piece.
    private static IEnumerable<string> Pieces(string word)
    {
        for (var start = 0; ;)
        {
            var length = Math.Min(LongestWord, word.Length - start);
            if (start + length < word.Length && char.IsLowSurrogate(word[start + length]))
            {
                length--;
            }

            yield return word.Substring(start, length);
            start += length;
            if (start >= word.Length)
            {
                yield break;
            }
        }
    }
}

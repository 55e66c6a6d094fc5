using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Argosy.Shipping;

/// <summary>
/// <c>ARG</c>, twelve characters of Crockford's base 32 (sixty bits, no I, L, O or U to misread) and a check character of
/// ISO 7064 MOD 37,36, which finds every single wrong character and nearly every swap of neighbours. The letters in front keep it
/// from ever looking like a card number. It belongs to the order: arranging again gives the same.
/// </summary>
internal static class TrackingNumber
{
    private const string Prefix = "ARG";
    private const string Crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    private const int Digits = 12;

    public static string Of(string order)
    {
        var bits = BinaryPrimitives.ReadUInt64BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes($"argosy/tracking/{order}")));
        Span<char> text = stackalloc char[Prefix.Length + Digits];
        Prefix.CopyTo(text);
        for (var i = 0; i < Digits; i++)
        {
            text[Prefix.Length + i] = Crockford[(int)(bits & 31)];
            bits >>= 5;
        }

        return $"{text}{CheckOf(text)}";
    }

    /// <summary>Whether the text is a tracking number without a slip of the pen.</summary>
    public static bool IsValid(string text) =>
        text.Length == Prefix.Length + Digits + 1
        && text.StartsWith(Prefix, StringComparison.Ordinal)
        && text.All(char.IsAsciiLetterOrDigit)
        && text[^1] == CheckOf(text.AsSpan(0, text.Length - 1));

    /// <summary>The check character of ISO/IEC 7064:2003, hybrid system MOD 37,36.</summary>
    internal static char CheckOf(ReadOnlySpan<char> text)
    {
        const int M = 36;
        var p = M;
        foreach (var c in text)
        {
            var s = (p + ValueOf(c)) % M;
            p = (s == 0 ? M : s) * 2 % (M + 1);
        }

        var check = (M + 1 - p) % M;
        return (char)(check < 10 ? '0' + check : 'A' + check - 10);
    }

    private static int ValueOf(char c) => char.IsAsciiDigit(c) ? c - '0' : char.ToUpperInvariant(c) - 'A' + 10;
}

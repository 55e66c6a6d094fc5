using System.Globalization;

namespace Argosy.Chassis;

/// <summary>
/// Finds what looks like a payment card's number, so that none ever enters the system (PCI DSS 4, requirement 3: what is not stored
/// needs no protection). Looks like one: 13 to 19 digits that pass Luhn's check (ISO/IEC 7812-1, annex B) and begin as cards do,
/// alone or in groups with separators between.
/// </summary>
/// <remarks>
/// One run of digits in ten passes Luhn by chance, so these are no cards: digits that touch a letter (tracking and order numbers),
/// UUIDs, telephone numbers with a plus, and what begins with a digit that no card network issues (0, 1, 7, 8, 9), which sets clock
/// values apart: Unix milliseconds and nanoseconds begin with 1 until 2033. Of those that begin with 2 only Mastercard's 2221–2720 of
/// 16 digits count, which sets dates apart.
/// </remarks>
public static class CardNumbers
{
    private const int Shortest = 13;
    private const int Longest = 19;
    private const int LongestTelephone = 15;    // ITU-T E.164
    private const int WidestGap = 3;

    /// <summary>Whether a card number appears anywhere in the text.</summary>
    public static bool AppearIn(ReadOnlySpan<char> text)
    {
        // A chain: groups of nothing but digits, with nothing but separators between them.
        var chain = -1;
        var at = 0;
        var gap = 0;
        while (at < text.Length)
        {
            if (!char.IsLetterOrDigit(text[at]))
            {
                gap++;
                chain = IsSeparator(text[at]) && gap <= WidestGap ? chain : -1;
                at++;
                continue;
            }

            gap = 0;
            if (IsUuid(text[at..]))
            {
                at += UuidLength;
                chain = -1;
                continue;
            }

            var start = at;
            var digits = true;
            for (; at < text.Length && char.IsLetterOrDigit(text[at]); at++)
            {
                digits &= Digit(text[at]) >= 0;
            }

            chain = !digits ? -1 : chain < 0 ? start : chain;
            if (chain >= 0 && EndsInCard(text[..at], chain))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether a number, as JSON has them, is a card's: a whole one, however it was written.</summary>
    public static bool IsOne(decimal number) =>
        decimal.IsInteger(number) && AppearIn(Math.Abs(number).ToString("0", CultureInfo.InvariantCulture));

    // From the last digit backwards, as Luhn counts; wherever a group begins, what was read may be a whole number.
    private static bool EndsInCard(ReadOnlySpan<char> text, int chain)
    {
        var (count, sum) = (0, 0);
        for (var i = text.Length - 1; i >= chain; i--)
        {
            var digit = Digit(text[i]);
            if (digit < 0)
            {
                continue;
            }

            if (++count > Longest)
            {
                return false;
            }

            var weighed = count % 2 == 0 ? digit * 2 : digit;
            sum += weighed > 9 ? weighed - 9 : weighed;
            var groupBegins = i == chain || Digit(text[i - 1]) < 0;
            if (groupBegins && count >= Shortest && sum % 10 == 0 && BeginsAsCardsDo(text[i..], count) && !IsTelephone(text, i, count))
            {
                return true;
            }
        }

        return false;
    }

    private static bool BeginsAsCardsDo(ReadOnlySpan<char> text, int count) => Digit(text[0]) switch
    {
        3 or 4 or 5 or 6 => true,
        2 => count == 16 && First(text, 4) is >= 2221 and <= 2720,
        _ => false,
    };

    private static bool IsTelephone(ReadOnlySpan<char> text, int start, int count) => count <= LongestTelephone && start > 0 && text[start - 1] == '+';

    private static int First(ReadOnlySpan<char> text, int count)
    {
        var value = 0;
        foreach (var character in text)
        {
            if (count > 0 && Digit(character) is >= 0 and var digit)
            {
                value = (value * 10) + digit;
                count--;
            }
        }

        return value;
    }

    // Any script's digits: a full-width card number is one too.
    private static int Digit(char character) => char.IsAsciiDigit(character) ? character - '0' : CharUnicodeInfo.GetDecimalDigitValue(character);

    private static bool IsSeparator(char character) => character is ' ' or '-' or '.' or '_'
        || (character > 127 && char.GetUnicodeCategory(character) is UnicodeCategory.SpaceSeparator or UnicodeCategory.DashPunctuation);

    private const int UuidLength = 36;

    private static bool IsUuid(ReadOnlySpan<char> text)
    {
        if (text.Length < UuidLength || (text.Length > UuidLength && char.IsLetterOrDigit(text[UuidLength])))
        {
            return false;
        }

        for (var i = 0; i < UuidLength; i++)
        {
            if (i is 8 or 13 or 18 or 23 ? text[i] != '-' : !char.IsAsciiHexDigit(text[i]))
            {
                return false;
            }
        }

        return true;
    }
}

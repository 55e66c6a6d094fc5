using System.Buffers;
using System.Text.RegularExpressions;

namespace Argosy.Mesh.Routing;

/// <summary>
/// RE2 expressions on .NET's linear-time engine. What means the same in both is accepted and everything else refused, so that a
/// rule cannot match one thing here and another in Envoy. Paths and methods are ASCII when they get here.
/// </summary>
internal static class Re2
{
    /// <summary>Istio's limit.</summary>
    private const int MaxLength = 1024;

    private static readonly SearchValues<char> SameEscapes = SearchValues.Create(@"dDwWsSbBAzafnrtv.+*?()|[]{}^$\/-_~!@#%&=:;,'""<>` ");

    /// <summary>The expression for the whole of a text.</summary>
    public static Regex Whole(string pattern) => Create($@"\A(?:{pattern})\z");

    /// <summary>The expression anywhere in a text.</summary>
    public static Regex Anywhere(string pattern) => Create(pattern);

    /// <summary>Null for an expression that can be used, otherwise what is wrong with it.</summary>
    public static string? WhyNot(string pattern)
    {
        if (pattern.Length is 0 or > MaxLength)
        {
            return $"must have 1 to {MaxLength} characters";
        }

        if (FirstDifference(pattern) is { } difference)
        {
            return $"uses {difference}, which RE2 and .NET read differently";
        }

        try
        {
            _ = SegmentPattern.TryCreate(pattern) is null && SegmentPattern.AnchoredLiteral(pattern) is null ? Create(pattern) : null;
            return null;
        }
        catch (Exception e) when (e is RegexParseException or NotSupportedException)
        {
            return $"is not a usable expression: {e.Message}";
        }
    }

    private static Regex Create(string pattern) => new(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);

    private static string? FirstDifference(ReadOnlySpan<char> pattern)
    {
        var classStart = -1;                                                // index of the `[` that we are in
        for (var i = 0; i < pattern.Length; i++)
        {
            var rest = pattern[i..];
            switch (rest[0])
            {
                case > '~' or < ' ':
                    return "a character outside of printable ASCII";
                case '\\' when rest.Length < 2:
                    return "a backslash at its end";
                case '\\' when rest[1] == 'x' && rest.Length > 3 && char.IsAsciiHexDigit(rest[2]) && char.IsAsciiHexDigit(rest[3]):
                    i += 3;
                    break;
                case '\\' when !SameEscapes.Contains(rest[1]):
                    return $"\\{rest[1]}";
                case '\\':
                    i++;
                    break;
                case '[' when classStart >= 0:
                    return "[ inside of a class";
                case '[':
                    classStart = i;
                    i += rest.Length > 1 && rest[1] == '^' ? 1 : 0;
                    i += pattern.Length > i + 1 && pattern[i + 1] == ']' ? 1 : 0;       // a leading ] is literal
                    break;
                case ']':
                    classStart = -1;
                    break;
                case '(' when classStart < 0 && rest.StartsWith("(?") && !IsSameGroup(rest):
                    return $"{rest[..Math.Min(4, rest.Length)]}";
                default:
                    break;
            }
        }

        return null;
    }

    private static bool IsSameGroup(ReadOnlySpan<char> group)
        => group.StartsWith("(?:") || group.StartsWith("(?i)") || group.StartsWith("(?i:") || group.StartsWith("(?s)") || group.StartsWith("(?s:");
}

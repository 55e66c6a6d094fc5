using System.Text.RegularExpressions;

namespace Argosy.Mesh.Routing;

/// <summary>A <see cref="StringMatch"/> made ready.</summary>
internal sealed class TextMatcher
{
    readonly SegmentPattern? segments;
    readonly Regex? regex;

    public TextMatcher(StringMatch match)
    {
        (Kind, Value) = (match.Kind, match.Value);
        segments = Kind == StringMatchKind.Regex ? SegmentPattern.TryCreate(Value) : null;
        regex = Kind == StringMatchKind.Regex && segments is null ? Re2.Whole(Value) : null;
    }

    public StringMatchKind Kind { get; }

    public string Value { get; }

    public bool Matches(string text) => Kind switch
    {
        StringMatchKind.Exact => string.Equals(text, Value, StringComparison.Ordinal),
        StringMatchKind.Prefix => text.StartsWith(Value, StringComparison.Ordinal),
        _ => segments?.Matches(text) ?? regex!.IsMatch(text),
    };
}

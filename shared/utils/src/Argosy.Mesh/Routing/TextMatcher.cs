using System.Text.RegularExpressions;

namespace Argosy.Mesh.Routing;

/// <summary>A <see cref="StringMatch"/> made ready.</summary>
internal sealed class TextMatcher
{
    private readonly SegmentPattern? _segments;
    private readonly Regex? _regex;

    public TextMatcher(StringMatch match)
    {
        (Kind, Value) = (match.Kind, match.Value);
        _segments = Kind == StringMatchKind.Regex ? SegmentPattern.TryCreate(Value) : null;
        _regex = Kind == StringMatchKind.Regex && _segments is null ? Re2.Whole(Value) : null;
    }

    public StringMatchKind Kind { get; }

    public string Value { get; }

    public bool Matches(string text) => Kind switch
    {
        StringMatchKind.Exact => string.Equals(text, Value, StringComparison.Ordinal),
        StringMatchKind.Prefix => text.StartsWith(Value, StringComparison.Ordinal),
        _ => _segments?.Matches(text) ?? _regex!.IsMatch(text),
    };
}

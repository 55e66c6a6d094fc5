using System.Text.RegularExpressions;

namespace Argosy.Mesh.Routing;

/// <summary>A <see cref="StringMatch"/> made ready.</summary>
internal sealed class TextMatcher(StringMatch match)
{
    readonly Regex? regex = match.Kind == StringMatchKind.Regex ? Re2.Whole(match.Value) : null;

    public StringMatchKind Kind => match.Kind;

    public string Value => match.Value;

    public bool Matches(string text) => match.Kind switch
    {
        StringMatchKind.Exact => string.Equals(text, match.Value, StringComparison.Ordinal),
        StringMatchKind.Prefix => text.StartsWith(match.Value, StringComparison.Ordinal),
        _ => regex!.IsMatch(text),
    };
}

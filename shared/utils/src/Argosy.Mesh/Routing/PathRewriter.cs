using System.Text;
using System.Text.RegularExpressions;

namespace Argosy.Mesh.Routing;

/// <summary>A <see cref="PathRewrite"/> made ready.</summary>
internal sealed class PathRewriter
{
    private readonly string? _uri;
    private readonly string? _prefix;
    private readonly Regex? _pattern;
    private readonly string _substitution = "";

    public PathRewriter(PathRewrite rewrite)
    {
        _uri = rewrite.Uri;
        if (rewrite.RegexRewrite is not { } regex)
        {
            return;
        }

        _prefix = regex.Rewrite.Contains('\\', StringComparison.Ordinal) ? null : SegmentPattern.AnchoredLiteral(regex.Match);
        _pattern = _prefix is null ? Re2.Anywhere(regex.Match) : null;
        _substitution = _prefix is null ? Translate(regex.Rewrite) : regex.Rewrite;
    }

    /// <summary>
    /// The path as the destination gets it. Envoy: a rewrite replaces the matched prefix and leaves the rest alone, so that `/foo` to
    /// `/` makes `//x` of `/foo/x`; it replaces the whole path for exact and regex matches; a rule without a path match is one for
    /// the prefix `/`.
    /// </summary>
    public string Apply(string path, TextMatcher? matched)
    {
        if (_prefix is not null)
        {
            return path.StartsWith(_prefix, StringComparison.Ordinal) ? string.Concat(_substitution, path.AsSpan(_prefix.Length)) : path;
        }

        if (_pattern is not null)
        {
            return _pattern.Replace(path, _substitution);
        }

        return matched switch
        {
            null => string.Concat(_uri, path.AsSpan(1)),
            { Kind: StringMatchKind.Prefix } => string.Concat(_uri, path.AsSpan(matched.Value.Length)),
            _ => _uri!,
        };
    }

    /// <summary>Null for a substitution that can be used, otherwise what is wrong with it.</summary>
    public static string? WhyNot(RegexRewrite rewrite)
    {
        for (var i = 0; i < rewrite.Rewrite.Length; i++)
        {
            if (rewrite.Rewrite[i] != '\\')
            {
                continue;
            }

            i++;
            if (i == rewrite.Rewrite.Length || (rewrite.Rewrite[i] != '\\' && !char.IsAsciiDigit(rewrite.Rewrite[i])))
            {
                return "has a backslash that is neither a group, such as \\1, nor \\\\";
            }

            if (char.IsAsciiDigit(rewrite.Rewrite[i]) && rewrite.Rewrite[i] - '0' >= Re2.Anywhere(rewrite.Match).GetGroupNumbers().Length)
            {
                return $"names group \\{rewrite.Rewrite[i]}, which the expression doesn't have";
            }
        }

        return null;
    }

    private static string Translate(string re2)
    {
        var text = new StringBuilder(re2.Length + 8);
        for (var i = 0; i < re2.Length; i++)
        {
            _ = re2[i] switch
            {
                '\\' when re2[++i] == '\\' => text.Append('\\'),
                '\\' => text.Append("${").Append(re2[i]).Append('}'),
                '$' => text.Append("$$"),
                var c => text.Append(c),
            };
        }

        return text.ToString();
    }
}

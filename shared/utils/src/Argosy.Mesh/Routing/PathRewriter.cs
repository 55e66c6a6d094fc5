using System.Text;
using System.Text.RegularExpressions;

namespace Argosy.Mesh.Routing;

/// <summary>A <see cref="PathRewrite"/> made ready.</summary>
internal sealed class PathRewriter
{
    readonly string? uri;
    readonly string? prefix;
    readonly Regex? pattern;
    readonly string substitution = "";

    public PathRewriter(PathRewrite rewrite)
    {
        uri = rewrite.Uri;
        if (rewrite.RegexRewrite is not { } regex)
        {
            return;
        }

        prefix = regex.Rewrite.Contains('\\', StringComparison.Ordinal) ? null : SegmentPattern.AnchoredLiteral(regex.Match);
        pattern = prefix is null ? Re2.Anywhere(regex.Match) : null;
        substitution = prefix is null ? Translate(regex.Rewrite) : regex.Rewrite;
    }

    /// <summary>
    /// The path as the destination gets it. Envoy: a rewrite replaces the matched prefix and leaves the rest alone, so that `/foo` to
    /// `/` makes `//x` of `/foo/x`; it replaces the whole path for exact and regex matches; a rule without a path match is one for
    /// the prefix `/`.
    /// </summary>
    public string Apply(string path, TextMatcher? matched)
    {
        if (prefix is not null)
        {
            return path.StartsWith(prefix, StringComparison.Ordinal) ? string.Concat(substitution, path.AsSpan(prefix.Length)) : path;
        }

        if (pattern is not null)
        {
            return pattern.Replace(path, substitution);
        }

        return matched switch
        {
            null => string.Concat(uri, path.AsSpan(1)),
            { Kind: StringMatchKind.Prefix } => string.Concat(uri, path.AsSpan(matched.Value.Length)),
            _ => uri!,
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

    static string Translate(string re2)
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

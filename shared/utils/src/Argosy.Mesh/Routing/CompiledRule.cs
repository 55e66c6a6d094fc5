namespace Argosy.Mesh.Routing;

/// <summary>The rules of one host pattern, in order.</summary>
internal sealed record VirtualHost(string Pattern, CompiledRule[] Rules)
{
    public bool Fits(ReadOnlySpan<char> host) => HostPattern.Covers(Pattern, host);
}

/// <summary>A rule with its matchers and its rewrite made ready.</summary>
internal sealed class CompiledRule(RouteRule rule)
{
    readonly (TextMatcher? Uri, TextMatcher? Method)[] matches =
        [.. rule.Route.Matches.Select(match => (Ready(match.Uri), Ready(match.Method)))];

    readonly PathRewriter? rewriter = rule.Route.Rewrite is { } rewrite ? new PathRewriter(rewrite) : null;

    public RouteRule Rule => rule;

    /// <summary>Any alternative will do; within one, everything must hold.</summary>
    public bool TryMatch(RequestView request, out string path)
    {
        path = request.Path;
        if (matches.Length == 0)
        {
            return TryRewrite(null, ref path);
        }

        foreach (var (uri, method) in matches)
        {
            if ((uri is null || uri.Matches(request.Path)) && (method is null || method.Matches(request.Method)))
            {
                return TryRewrite(uri, ref path);
            }
        }

        return false;
    }

    // An expression can make something of a path that is none. Envoy would send it; nobody could say what it means.
    bool TryRewrite(TextMatcher? matched, ref string path)
    {
        path = rewriter?.Apply(path, matched) ?? path;
        return path.StartsWith('/');
    }

    static TextMatcher? Ready(StringMatch? match) => match is null ? null : new TextMatcher(match);
}

namespace Argosy.Mesh.Routing;

/// <summary>The rules of one host pattern, in order.</summary>
internal sealed record VirtualHost(string Pattern, CompiledRule[] Rules)
{
    public bool Fits(ReadOnlySpan<char> host) => HostPattern.Covers(Pattern, host);
}

/// <summary>A rule with its matchers and its rewrite made ready.</summary>
internal sealed class CompiledRule(RouteRule rule)
{
    private readonly CompiledMatch[] _matches = [.. rule.Route.Matches.Select(match => new CompiledMatch(match))];

    private readonly PathRewriter? _rewriter = rule.Route.Rewrite is { } rewrite ? new PathRewriter(rewrite) : null;

    public RouteRule Rule => rule;

    /// <summary>Any alternative will do; within one, everything must hold.</summary>
    public bool TryMatch(RequestView request, out string path)
    {
        path = request.Path;
        if (_matches.Length == 0)
        {
            return TryRewrite(null, ref path);
        }

        foreach (var match in _matches)
        {
            if (match.Holds(request))
            {
                return TryRewrite(match.Uri, ref path);
            }
        }

        return false;
    }

    // An expression can make something of a path that is none. Envoy would send it; nobody could say what it means.
    private bool TryRewrite(TextMatcher? matched, ref string path)
    {
        path = _rewriter?.Apply(path, matched) ?? path;
        return path.StartsWith('/');
    }
}

/// <summary>One alternative of a rule, made ready.</summary>
internal sealed class CompiledMatch(HttpMatch match)
{
    private readonly TextMatcher? _method = match.Method is { } text ? new TextMatcher(text) : null;

    public TextMatcher? Uri { get; } = match.Uri is { } text ? new TextMatcher(text) : null;

    public bool Holds(RequestView request)
        => (Uri is null || Uri.Matches(request.Path)) && (_method is null || _method.Matches(request.Method));
}

namespace Argosy.Mesh;

/// <summary>Where something was written, so that a complaint about it can be followed.</summary>
/// <param name="File">The file as it was named by whoever loaded it.</param>
/// <param name="Line">The line, counted from 1.</param>
public sealed record Origin(string File, long Line)
{
    /// <inheritdoc/>
    public override string ToString() => $"{File}:{Line}";
}

/// <summary>Something that keeps a configuration from being obeyed.</summary>
/// <param name="Origin">File and line.</param>
/// <param name="Message">Which field, what is wrong with it, and what would be right.</param>
public sealed record MeshError(Origin Origin, string Message)
{
    /// <summary><c>file:line: message</c>, the form that editors and terminals link.</summary>
    public override string ToString() => $"{Origin}: {Message}";
}

/// <summary>A resource's name within its namespace; <c>default</c> when the file names none.</summary>
/// <param name="Namespace">The Kubernetes namespace.</param>
/// <param name="Name">The name in it.</param>
public sealed record ResourceName(string Namespace, string Name)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Namespace}/{Name}";
}

/// <summary>An Istio <c>Gateway</c>: which hosts are let in at the edge.</summary>
public sealed record GatewayResource(ResourceName Name, IReadOnlyList<GatewayServer> Servers, Origin Origin);

/// <summary>One of a gateway's servers. Hosts are <c>host</c> or <c>namespace/host</c>.</summary>
public sealed record GatewayServer(int Port, IReadOnlyList<string> Hosts);

/// <summary>An Istio <c>VirtualService</c>: an ordered list of rules for some hosts.</summary>
public sealed record VirtualService(
    ResourceName Name, IReadOnlyList<Located<string>> Hosts, IReadOnlyList<Located<ResourceName>> Gateways,
    IReadOnlyList<HttpRoute> Http, Origin Origin);

/// <summary>A value and the line it stands on.</summary>
public sealed record Located<T>(T Value, Origin Origin);

/// <summary>One rule of a <see cref="VirtualService"/>: when it applies, and where the request goes.</summary>
/// <param name="Name">The rule's name, or its place in the list (<c>http[3]</c>) when it has none.</param>
/// <param name="Matches">Alternatives; none at all matches every request.</param>
/// <param name="Rewrite">How the path changes on its way; null leaves it alone.</param>
/// <param name="Destination">Who answers.</param>
/// <param name="Timeout">From the request's arrival to the answer's last byte; null is no limit, as in Istio.</param>
/// <param name="Origin">Where the rule is written.</param>
public sealed record HttpRoute(
    string Name, IReadOnlyList<HttpMatch> Matches, PathRewrite? Rewrite, Destination Destination, TimeSpan? Timeout, Origin Origin);

/// <summary>Conditions that must all hold; a null one always does.</summary>
public sealed record HttpMatch(StringMatch? Uri, StringMatch? Method);

/// <summary>How a text is compared: exactly, by its beginning, or by a regular expression for the whole of it.</summary>
public sealed record StringMatch(StringMatchKind Kind, string Value);

/// <summary>The three comparisons of Istio's <c>StringMatch</c>.</summary>
public enum StringMatchKind
{
    /// <summary>The whole text, case-sensitive.</summary>
    Exact,

    /// <summary>A raw string prefix: <c>/api</c> also matches <c>/apiary</c>.</summary>
    Prefix,

    /// <summary>RE2, for the whole text.</summary>
    Regex,
}

/// <summary>Replaces what matched (<see cref="Uri"/>), or every match of an expression (<see cref="RegexRewrite"/>).</summary>
/// <param name="Uri">In place of the matched prefix; in place of the whole path for exact and regex matches.</param>
/// <param name="RegexRewrite">Istio's <c>uriRegexRewrite</c>.</param>
public sealed record PathRewrite(string? Uri, RegexRewrite? RegexRewrite);

/// <summary>RE2 and its substitution, in which <c>\1</c> is the first group.</summary>
public sealed record RegexRewrite(string Match, string Rewrite);

/// <summary>A service that answers.</summary>
/// <param name="Host">Its short name when it lives in the rule's own namespace, otherwise the name as written.</param>
/// <param name="Port">The port of its Kubernetes service; null when the rule names none.</param>
public sealed record Destination(string Host, int? Port);

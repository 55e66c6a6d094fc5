using Argosy.Mesh.Routing;

namespace Argosy.Mesh.Loading;

/// <summary>Istio's <c>VirtualService</c> as far as the public route table needs it.</summary>
internal static class VirtualServiceReader
{
    public static VirtualService Read(ResourceName name, Node spec, Origin origin)
    {
        spec.AllowOnly("hosts", "gateways", "http");
        return new VirtualService(
            name,
            [.. Texts(spec.Require("hosts")).Where(IsHost).Select(text => new Located<string>(text.Text()!, text.Origin))],
            [.. Texts(spec.Require("gateways")).Select(text => new Located<ResourceName>(GatewayNamed(text, name), text.Origin))],
            [.. (spec.Require("http")?.Items() ?? []).Select((rule, i) => ReadRule(rule, i, name)).OfType<HttpRoute>()],
            origin);
    }

    private static IEnumerable<Node> Texts(Node? list) => (list?.Items() ?? []).Where(item => item.Text() is not null);

    private static bool IsHost(Node host)
    {
        var valid = HostPattern.IsValid(host.Text()!);
        if (!valid)
        {
            host.Fail($"is {host.Text()}: write a host name, *.domain or *");
        }

        return valid;
    }

    // A short name means the rule's own namespace. `mesh` stands for every sidecar, and those don't listen here.
    private static ResourceName GatewayNamed(Node gateway, ResourceName owner)
    {
        var text = gateway.Text()!;
        if (text == "mesh")
        {
            gateway.Fail("is mesh, which is not supported by Argosy: name a Gateway");
        }

        var slash = text.IndexOf('/', StringComparison.Ordinal);
        return slash < 0 ? new ResourceName(owner.Namespace, text) : new ResourceName(text[..slash], text[(slash + 1)..]);
    }

    private static HttpRoute? ReadRule(Node rule, int index, ResourceName owner)
    {
        rule.AllowOnly("name", "match", "rewrite", "route", "timeout");
        var name = rule.Get("name")?.Text() ?? $"http[{index}]";
        var matches = (rule.Get("match")?.Items() ?? []).Select(ReadMatch).ToList();
        var rewrite = ReadRewrite(rule.Get("rewrite"));
        var timeout = ReadTimeout(rule.Get("timeout"));
        return ReadDestination(rule.Require("route"), owner) is { } destination
            ? new HttpRoute(name, matches, rewrite, destination, timeout, rule.Origin)
            : null;
    }

    private static HttpMatch ReadMatch(Node match)
    {
        match.AllowOnly("name", "uri", "method");
        match.Get("name")?.Text();
        var uri = ReadStringMatch(match.Get("uri"));
        if (uri is { Kind: not StringMatchKind.Regex } && !RequestPath.IsNormal(uri.Value))
        {
            match.Get("uri")!.Fail($"matches {uri.Value}, which no request has after normalisation: start with / and leave out dot segments, escapes and a query");
        }

        return new HttpMatch(uri, ReadStringMatch(match.Get("method")));
    }

    private static StringMatch? ReadStringMatch(Node? match)
    {
        if (match is not { } node)
        {
            return null;
        }

        node.AllowOnly("exact", "prefix", "regex");
        var fields = node.Fields();
        if (fields.Count != 1)
        {
            node.Fail("must have one of exact, prefix, regex");
            return null;
        }

        var (key, value) = fields[0];
        if (value.Text() is not { } text)
        {
            return null;
        }

        if (key == "regex" && Re2.WhyNot(text) is { } reason)
        {
            value.Fail(reason);
            return null;
        }

        return new StringMatch(key switch { "exact" => StringMatchKind.Exact, "prefix" => StringMatchKind.Prefix, _ => StringMatchKind.Regex }, text);
    }

    private static PathRewrite? ReadRewrite(Node? rewrite)
    {
        if (rewrite is not { } node)
        {
            return null;
        }

        node.AllowOnly("uri", "uriRegexRewrite");
        var uri = node.Get("uri");
        var regex = node.Get("uriRegexRewrite");
        if (uri is null == regex is null)
        {
            node.Fail("must have one of uri, uriRegexRewrite");
            return null;
        }

        if (uri?.Text() is { } text && !RequestPath.IsNormal(text))
        {
            uri.Fail($"is {text}: start with / and leave out dot segments, escapes and a query");
        }

        return new PathRewrite(uri?.Text(), ReadRegexRewrite(regex));
    }

    private static RegexRewrite? ReadRegexRewrite(Node? rewrite)
    {
        if (rewrite is not { } node)
        {
            return null;
        }

        node.AllowOnly("match", "rewrite");
        if (node.Require("match") is not { } match || match.Text() is not { } pattern
            || node.Require("rewrite") is not { } substitutionNode || substitutionNode.Text() is not { } substitution)
        {
            return null;
        }

        if (Re2.WhyNot(pattern) is { } reason)
        {
            match.Fail(reason);
            return null;
        }

        var read = new RegexRewrite(pattern, substitution);
        if (PathRewriter.WhyNot(read) is { } wrong)
        {
            substitutionNode.Fail(wrong);
            return null;
        }

        return read;
    }

    private static Destination? ReadDestination(Node? route, ResourceName owner)
    {
        if (route is not { } list)
        {
            return null;
        }

        var entries = list.Items();
        if (entries.Count != 1)
        {
            list.Fail("must have one destination: sharing requests out is not supported by Argosy");
            return null;
        }

        entries[0].AllowOnly("destination");
        if (entries[0].Require("destination") is not { } destination)
        {
            return null;
        }

        destination.AllowOnly("host", "port");
        var port = destination.Get("port");
        port?.AllowOnly("number");
        var number = port?.Require("number")?.Number(1, 65535, "port number");
        return destination.Require("host")?.Text() is { } host ? new Destination(HostPattern.Shorten(host, owner.Namespace), number) : null;
    }

    // Envoy: zero switches the timeout off.
    private static TimeSpan? ReadTimeout(Node? timeout) => timeout?.Duration() is { } value && value > TimeSpan.Zero ? value : null;
}

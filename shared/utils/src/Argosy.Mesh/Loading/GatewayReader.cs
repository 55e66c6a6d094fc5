namespace Argosy.Mesh.Loading;

/// <summary>Istio's <c>Gateway</c>, plain HTTP: TLS ends in front of, or in, the process that plays the gateway.</summary>
internal static class GatewayReader
{
    public static GatewayResource Read(ResourceName name, Node spec, Origin origin)
    {
        spec.AllowOnly("selector", "servers");
        foreach (var (_, label) in spec.Get("selector")?.Fields() ?? [])
        {
            label.Text();
        }

        var servers = spec.Require("servers")?.Items() ?? [];
        return new GatewayResource(name, [.. servers.Select(ReadServer)], origin);
    }

    private static GatewayServer ReadServer(Node server)
    {
        server.AllowOnly("port", "hosts", "name");
        server.Get("name")?.Text();
        var hosts = server.Require("hosts")?.Items() ?? [];
        return new GatewayServer(ReadPort(server.Require("port")), [.. hosts.Select(ReadHost).OfType<string>()]);
    }

    private static int ReadPort(Node? port)
    {
        port?.AllowOnly("number", "name", "protocol");
        port?.Require("name")?.Text();
        if (port?.Require("protocol") is { } protocol && protocol.Text() is { } text and not "HTTP")
        {
            protocol.Fail($"is {text}, and only HTTP is supported by Argosy");
        }

        return port?.Require("number")?.Number(1, 65535, "port number") ?? 0;
    }

    private static string? ReadHost(Node host)
    {
        if (host.Text() is not { } text)
        {
            return null;
        }

        if (!HostPattern.IsValid(text[(text.IndexOf('/', StringComparison.Ordinal) + 1)..]))
        {
            host.Fail($"is {text}: write a host name, *.domain or *");
        }

        return text;
    }
}

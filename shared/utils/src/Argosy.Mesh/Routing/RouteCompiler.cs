using Argosy.Mesh.Loading;

namespace Argosy.Mesh.Routing;

/// <summary>Binds virtual services to one gateway: hosts are those that both name.</summary>
internal sealed class RouteCompiler(MeshResources resources, ResourceName gatewayName)
{
    private readonly List<RouteRule> _rules = [];
    private readonly List<VirtualHost> _hosts = [];

    public List<MeshError> Errors { get; } = [];

    public IReadOnlyList<RouteRule> Rules => _rules;

    public VirtualHost[] Compile()
    {
        foreach (var service in resources.VirtualServices)
        {
            RefuseUnknownGateways(service);
        }

        if (resources.Gateways.FirstOrDefault(g => g.Name == gatewayName) is { } gateway)
        {
            foreach (var service in resources.VirtualServices.Where(v => v.Gateways.Any(g => g.Value == gatewayName)))
            {
                Bind(gateway, service);
            }
        }
        else if (resources.Errors.Count == 0)
        {
            Errors.Add(new MeshError(new Origin(resources.File, 1), $"there is no Gateway {gatewayName} in it"));
        }

        _hosts.Sort((a, b) => (a.Pattern[0] == '*', -a.Pattern.Length).CompareTo((b.Pattern[0] == '*', -b.Pattern.Length)));
        return [.. _hosts];
    }

    private void RefuseUnknownGateways(VirtualService service)
    {
        foreach (var (name, origin) in service.Gateways)
        {
            if (resources.Gateways.All(g => g.Name != name))
            {
                Errors.Add(new MeshError(origin, $"there is no Gateway {name} for VirtualService {service.Name}"));
            }
        }
    }

    private void Bind(GatewayResource gateway, VirtualService service)
    {
        var first = _rules.Count;
        _rules.AddRange(service.Http.Select((route, i) => new RouteRule(first + i, route)));
        var compiled = _rules.Skip(first).Select(rule => new CompiledRule(rule)).ToArray();
        var served = gateway.Servers.SelectMany(server => server.Hosts).Select(host => HostFor(host, gateway, service)).OfType<string>().ToList();
        foreach (var (wanted, origin) in service.Hosts)
        {
            var common = served.Select(host => HostPattern.Intersect(host, wanted)).OfType<string>().Distinct(StringComparer.OrdinalIgnoreCase).ToList();
            if (common.Count == 0)
            {
                Errors.Add(new MeshError(origin, $"Gateway {gateway.Name} doesn't serve the host {wanted}"));
            }

            foreach (var host in common)
            {
                Add(host, compiled, gateway, origin);
            }
        }
    }

    // Istio merges the rules and calls the order between the resources undefined. Undefined is not a route table.
    private void Add(string host, CompiledRule[] compiled, GatewayResource gateway, Origin origin)
    {
        if (_hosts.Exists(known => string.Equals(known.Pattern, host, StringComparison.OrdinalIgnoreCase)))
        {
            Errors.Add(new MeshError(origin, $"the host {host} of Gateway {gateway.Name} has rules already: keep a host's rules in one VirtualService"));
        }

        _hosts.Add(new VirtualHost(host, compiled));
    }

    /// <summary>A server's host is for every namespace, or for one: <c>ns/host</c>, <c>./host</c> (its own), <c>*/host</c>.</summary>
    private static string? HostFor(string serverHost, GatewayResource gateway, VirtualService service)
    {
        var slash = serverHost.IndexOf('/', StringComparison.Ordinal);
        return slash < 0 ? serverHost : serverHost[..slash] switch
        {
            "*" => serverHost[(slash + 1)..],
            "." when gateway.Name.Namespace == service.Name.Namespace => serverHost[(slash + 1)..],
            var named when named == service.Name.Namespace => serverHost[(slash + 1)..],
            _ => null,
        };
    }
}

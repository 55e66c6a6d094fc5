namespace Argosy.Mesh.Loading;

/// <summary>What was read, and everything that was wrong with it.</summary>
public sealed class MeshResources(string file)
{
    private readonly List<GatewayResource> _gateways = [];
    private readonly List<VirtualService> _virtualServices = [];

    /// <summary>The file as it was named by whoever loaded it.</summary>
    public string File => file;

    /// <summary>Empty when the configuration can be obeyed.</summary>
    public IReadOnlyList<MeshError> Errors => MutableErrors;

    /// <summary>In the order they were written.</summary>
    public IReadOnlyList<GatewayResource> Gateways => _gateways;

    /// <summary>In the order they were written.</summary>
    public IReadOnlyList<VirtualService> VirtualServices => _virtualServices;

    internal List<MeshError> MutableErrors { get; } = [];

    internal void Add(GatewayResource gateway)
    {
        RefuseTwin("Gateway", gateway.Name, gateway.Origin, _gateways.Find(g => g.Name == gateway.Name)?.Origin);
        _gateways.Add(gateway);
    }

    internal void Add(VirtualService service)
    {
        RefuseTwin("VirtualService", service.Name, service.Origin, _virtualServices.Find(v => v.Name == service.Name)?.Origin);
        _virtualServices.Add(service);
    }

    // A cluster keeps the later of two; a file has no later.
    private void RefuseTwin(string kind, ResourceName name, Origin origin, Origin? first)
    {
        if (first is { } there)
        {
            MutableErrors.Add(new MeshError(origin, $"{kind} {name} is already written at line {there.Line}"));
        }
    }
}

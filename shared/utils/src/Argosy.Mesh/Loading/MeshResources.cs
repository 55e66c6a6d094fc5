namespace Argosy.Mesh.Loading;

/// <summary>What was read, and everything that was wrong with it.</summary>
public sealed class MeshResources(string file)
{
    readonly List<GatewayResource> gateways = [];
    readonly List<VirtualService> virtualServices = [];

    /// <summary>The file as it was named by whoever loaded it.</summary>
    public string File => file;

    /// <summary>Empty when the configuration can be obeyed.</summary>
    public IReadOnlyList<MeshError> Errors => MutableErrors;

    /// <summary>In the order they were written.</summary>
    public IReadOnlyList<GatewayResource> Gateways => gateways;

    /// <summary>In the order they were written.</summary>
    public IReadOnlyList<VirtualService> VirtualServices => virtualServices;

    internal List<MeshError> MutableErrors { get; } = [];

    internal void Add(GatewayResource gateway)
    {
        RefuseTwin("Gateway", gateway.Name, gateway.Origin, gateways.Find(g => g.Name == gateway.Name)?.Origin);
        gateways.Add(gateway);
    }

    internal void Add(VirtualService service)
    {
        RefuseTwin("VirtualService", service.Name, service.Origin, virtualServices.Find(v => v.Name == service.Name)?.Origin);
        virtualServices.Add(service);
    }

    // A cluster keeps the later of two; a file has no later.
    void RefuseTwin(string kind, ResourceName name, Origin origin, Origin? first)
    {
        if (first is { } there)
        {
            MutableErrors.Add(new MeshError(origin, $"{kind} {name} is already written at line {there.Line}"));
        }
    }
}

namespace Argosy.Cli.Processes;

/// <summary>Which process listens where, settled before anything starts.</summary>
internal static class Ports
{
    /// <summary>The usual one for the first instance of each service, a free one for every other.</summary>
    public static IReadOnlyDictionary<string, int> Usual(IReadOnlyList<ServiceInstance> instances)
    {
        var others = Free(instances.Where(instance => instance.Number > 1).Select(instance => instance.Name));
        return instances.ToDictionary(instance => instance.Name, instance => others.GetValueOrDefault(instance.Name, instance.Entry.Port), StringComparer.Ordinal);
    }

    /// <summary>A free port each.</summary>
    public static IReadOnlyDictionary<string, int> Free(IEnumerable<string> names) => names.ToDictionary(
        name => name,
        name => PortBlock.Next() ?? throw new Refusal($"there is no free port left between {PortBlock.First} and {PortBlock.End} for {name}; end some of the fleets that ./argosy status --all shows"),
        StringComparer.Ordinal);

    /// <summary>Throws one sentence that names every taken port, whose it should be, and who has it.</summary>
    public static void EnsureFree(IEnumerable<ProcessPlan> plans)
    {
        var taken = plans.Where(p => !PortBlock.IsFree(p.Port)).Select(p => $"port {p.Port} ({p.Name}) is taken by {PortOwner.Describe(p.Port)}").ToList();
        if (taken.Count > 0)
        {
            throw new Refusal(string.Join(", ", taken) + "; stop that, or take free ports with ./argosy up --isolated");
        }
    }
}

using Argosy.FaultLab.Experiments.Files;
using Argosy.FaultLab.Fleets;
using Argosy.FaultLab.Nemesis;
using Argosy.Mesh.Loading;

namespace Argosy.FaultLab.Experiments.Kinds;

/// <summary>What an experiment of Litmus does to a pod, here to the process that such a pod holds.</summary>
/// <param name="Process">To whom, and to nobody else.</param>
internal abstract record PodChaos(string Process)
{
    // A row, a kind.
    private static readonly SortedDictionary<string, Func<Variables, string, IReadOnlyCollection<string>, PodChaos>> Kinds = new(StringComparer.Ordinal)
    {
        ["pod-delete"] = (env, process, _) => PodKill.ReadDelete(env, process),
        ["container-kill"] = (env, process, _) => PodKill.ReadContainerKill(env, process),
        ["pod-network-latency"] = NetworkLatency.Read,
        ["pod-http-status-code"] = (env, process, _) => HttpChaos.ReadStatusCode(env, process),
        ["pod-http-latency"] = (env, process, _) => HttpChaos.ReadLatency(env, process),
        ["disk-fill"] = (env, process, _) => DiskFill.Read(env, process),
    };

    /// <summary>The experiments that there are.</summary>
    public static string Known => string.Join(", ", Kinds.Keys);

    /// <summary>How long it is done.</summary>
    public TimeSpan Length { get; init; }

    /// <summary>Before it is done and after it was, nothing is done for so long.</summary>
    public TimeSpan Ramp { get; init; }

    /// <summary>What is done, in a few words.</summary>
    public abstract string What { get; }

    /// <summary>How it is done to a fleet.</summary>
    public abstract IFault On(LabFleet fleet);

    /// <summary>Something that changes by it, and that is asked for before and afterwards: an experiment by which nothing was done shows nothing.</summary>
    public abstract string TraceOn(LabFleet fleet);

    /// <summary>Null where there is no such experiment, or the lab doesn't do it; then it is complained of.</summary>
    public static PodChaos? Read(Node name, string kind, Variables env, string process, IReadOnlyCollection<string> processes)
    {
        if (!Kinds.TryGetValue(kind, out var read))
        {
            name.Fail($"is {kind}, which the lab doesn't do: it does {Known}");
            return null;
        }

        // There is one pod of everything here, and any percentage of one that isn't none is that one.
        env.Number("PODS_AFFECTED_PERC", 0, 0, 100);
        env.ForTheClusterOnly("DEFAULT_HEALTH_CHECK", "SEQUENCE", "CONTAINER_RUNTIME", "SOCKET_PATH", "LIB_IMAGE");
        if (env.OneOf("TARGET_CONTAINER", process, process) != process)
        {
            return null;
        }

        var chaos = read(env, process, processes) with { Ramp = env.Seconds("RAMP_TIME", 0, from: 0) };
        env.RefuseOthers(kind);
        return chaos;
    }
}

using Argosy.FaultLab.Experiments.Kinds;
using Argosy.FaultLab.Experiments.Probes;
using Argosy.Mesh;

namespace Argosy.FaultLab.Experiments.Files;

/// <summary>A LitmusChaos <c>ChaosEngine</c>, understood.</summary>
/// <param name="Name">What <c>chaos run</c> calls it by.</param>
/// <param name="Target">The process that its label selects, and the only one to which anything is done.</param>
/// <param name="Experiments">What is done to it, one after the other.</param>
/// <param name="Origin">Where it is written.</param>
internal sealed record ChaosEngine(string Name, string Target, IReadOnlyList<Experiment> Experiments, Origin Origin)
{
    public bool Needs(Func<Experiment, bool> what) => Experiments.Any(what);
}

/// <summary>One of an engine's experiments.</summary>
/// <param name="Kind">Its name at Litmus, such as <c>pod-delete</c>.</param>
/// <param name="Chaos">What is done.</param>
/// <param name="Probes">What has to be true before, meanwhile and afterwards.</param>
internal sealed record Experiment(string Kind, PodChaos Chaos, IReadOnlyList<Probe> Probes);

using System.Globalization;
using Argosy.FaultLab.Experiments.Files;
using Argosy.FaultLab.Fleets;
using Argosy.FaultLab.Nemesis;

namespace Argosy.FaultLab.Experiments.Kinds;

/// <summary>The pod is deleted, again and again: without grace, which is SIGKILL, or with it, which is SIGTERM. The supervisor makes another.</summary>
internal sealed record PodDelete(string Process, TimeSpan Every, bool Force) : PodChaos(Process)
{
    public override string What => string.Create(CultureInfo.InvariantCulture, $"{(Force ? "SIGKILL" : "SIGTERM")} every {Every.TotalSeconds:0.#} s");

    public static PodDelete Read(Variables env, string process) => new(process, env.Seconds("CHAOS_INTERVAL", 5), env.OneOf("FORCE", "true", "true", "false") == "true")
    {
        Length = env.Seconds("TOTAL_CHAOS_DURATION", 15),
    };

    public override IFault On(LabFleet fleet) => new Again(Force ? new Kill(Process) : new Restart(Process), Every);

    public override string TraceOn(LabFleet fleet) => $"{Process} is process {fleet.StatusOf(Process).Pid}";
}

/// <summary>Its container is killed, again and again, by a signal.</summary>
internal sealed record ContainerKill(string Process, TimeSpan Every, string Signal) : PodChaos(Process)
{
    public override string What => string.Create(CultureInfo.InvariantCulture, $"{Signal} every {Every.TotalSeconds:0.#} s");

    public static ContainerKill Read(Variables env, string process) => new(process, env.Seconds("CHAOS_INTERVAL", 10), env.OneOf("SIGNAL", "SIGKILL", "SIGKILL", "SIGTERM"))
    {
        Length = env.Seconds("TOTAL_CHAOS_DURATION", 20),
    };

    public override IFault On(LabFleet fleet) => new Again(Signal == "SIGKILL" ? new Kill(Process) : new Restart(Process), Every);

    public override string TraceOn(LabFleet fleet) => $"{Process} is process {fleet.StatusOf(Process).Pid}";
}

/// <summary>Something that is over by itself, begun anew at most so often, and never before the last one is over.</summary>
internal sealed record Again(IFault What, TimeSpan Every) : IFault
{
    public string Name => string.Create(CultureInfo.InvariantCulture, $"{What.Name} every {Every.TotalSeconds:0.#} s");

    public IReadOnlyList<string> Touches => What.Touches;

    public async Task InflictAsync(LabFleet fleet, CancellationToken end)
    {
        while (true)
        {
            var next = Task.Delay(Every, end);
            await What.InflictAsync(fleet, end);
            await next;
        }
    }
}

using System.Globalization;
using Argosy.FaultLab.Experiments.Files;
using Argosy.FaultLab.Fleets;
using Argosy.FaultLab.Nemesis;

namespace Argosy.FaultLab.Experiments.Kinds;

/// <summary>The pod is deleted, or its container killed, again and again, by a signal. The supervisor makes another.</summary>
/// <param name="IsKill">SIGKILL, which leaves no time for anything; else SIGTERM.</param>
internal sealed record PodKill(string Process, TimeSpan Every, bool IsKill) : PodChaos(Process)
{
    public override string What => string.Create(CultureInfo.InvariantCulture, $"{(IsKill ? "SIGKILL" : "SIGTERM")} every {Every.TotalSeconds:0.#} s");

    public static PodKill ReadDelete(Variables env, string process) => new(process, env.Seconds("CHAOS_INTERVAL", 5), env.OneOf("FORCE", "true", "true", "false") == "true")
    {
        Length = env.Seconds("TOTAL_CHAOS_DURATION", 15),
    };

    public static PodKill ReadContainerKill(Variables env, string process) => new(process, env.Seconds("CHAOS_INTERVAL", 10), env.OneOf("SIGNAL", "SIGKILL", "SIGKILL", "SIGTERM") == "SIGKILL")
    {
        Length = env.Seconds("TOTAL_CHAOS_DURATION", 20),
    };

    public override IFault On(LabFleet fleet) => new Again(IsKill ? new Kill(Process) : new Restart(Process), Every);

    public override string TraceOn(LabFleet fleet) => $"{Process} is process {fleet.StatusOf(Process).Pid}";
}

/// <summary>Something that is over by itself, begun anew at most so often, and never before the last one is over.</summary>
internal sealed record Again(IFault Fault, TimeSpan Every) : IFault
{
    public string What => string.Create(CultureInfo.InvariantCulture, $"{Fault.What} every {Every.TotalSeconds:0.#} s");

    public string Whom => Fault.Whom;

    public IReadOnlyList<string> Touches => Fault.Touches;

    public async Task InflictAsync(LabFleet fleet, CancellationToken end)
    {
        while (true)
        {
            var next = Task.Delay(Every, end);
            try
            {
                await Fault.InflictAsync(fleet, end);
            }
            catch (InVainException)
            {
                // It is being started just now, and its turn comes again.
            }

            await next;
        }
    }
}

using System.Globalization;
using Argosy.FaultLab.Experiments.Files;
using Argosy.FaultLab.Fleets;
using Argosy.FaultLab.Nemesis;

namespace Argosy.FaultLab.Experiments.Kinds;

/// <summary>
/// The disk of the pod is filled to some share of its limit, here of a small disk on which the process keeps everything; or until so much of it
/// is used.
/// </summary>
internal sealed record DiskFill(string Process, int Percent, int? Mebibytes) : PodChaos(Process)
{
    public override string What => string.Create(CultureInfo.InvariantCulture, $"{(Mebibytes is { } size ? $"{size} MiB" : $"{Percent} %")} of its disk are used");

    public static DiskFill Read(Variables env, string process)
    {
        env.ForTheClusterOnly("DATA_BLOCK_SIZE");
        int? size = env.Number("EPHEMERAL_STORAGE_MEBIBYTES", 0, 1, SmallDisk.Mebibytes) is > 0 and var given ? given : null;
        if (size is not null && env.Text("FILL_PERCENTAGE") is not null)
        {
            env.Fail("EPHEMERAL_STORAGE_MEBIBYTES", "is for pods without a limit, and FILL_PERCENTAGE for those with one: write one of the two");
        }

        return new DiskFill(process, env.Number("FILL_PERCENTAGE", 80, 1, 100), size) { Length = env.Seconds("TOTAL_CHAOS_DURATION", 60) };
    }

    public override IFault On(LabFleet fleet) => new DiskFull(Process) { UpTo = Mebibytes ?? SmallDisk.Mebibytes * Percent / 100 };

    public override string TraceOn(LabFleet fleet) => string.Create(CultureInfo.InvariantCulture, $"{fleet.Disks[Process].Filled} bytes were filled");
}

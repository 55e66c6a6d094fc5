using Argosy.FaultLab.Fleets;

namespace Argosy.FaultLab.Nemesis;

/// <summary>The disk on which a process keeps everything is full, to the last byte or to some mark.</summary>
internal sealed record DiskFull(string Process) : IFault
{
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(200);

    public string What => UpTo < SmallDisk.Mebibytes ? $"{UpTo} MiB of disk used" : "disk full";

    public string Whom => Process;

    /// <summary>So many mebibytes of it are used.</summary>
    public int UpTo { get; init; } = SmallDisk.Mebibytes;

    public IReadOnlyList<string> Touches => [$"disk of {Process}"];

    public async Task InflictAsync(LabFleet fleet, CancellationToken end)
    {
        var disk = fleet.Disks[Process];
        try
        {
            while (true)
            {
                disk.Fill(UpTo);        // whoever gave something back doesn't get it again
                await Task.Delay(Between, end);
            }
        }
        finally
        {
            disk.Free();
        }
    }
}

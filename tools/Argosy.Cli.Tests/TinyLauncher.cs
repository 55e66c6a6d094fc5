using Argosy.Cli.Processes;

namespace Argosy.Cli.Tests;

/// <summary>A launcher as a process of its own, to be killed by a test.</summary>
internal static class TinyLauncher
{
    public static async Task<int> RunAsync(string folder, string[] names)
    {
        var data = new DataFolder(folder);
        using var held = FleetLock.TryTake(data);
        using var fleet = new Fleet(names.Select(n => TinyFleet.Plan(data, n)), data, new SupervisionPolicy(), TimeProvider.System);
        await fleet.StartAsync(CancellationToken.None);
        await Task.Delay(Timeout.Infinite);
        return 0;
    }
}

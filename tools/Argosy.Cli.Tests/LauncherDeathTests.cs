using System.Diagnostics;
using Argosy.Cli.Processes;
using Shouldly;
using Xunit;

namespace Argosy.Cli.Tests;

public sealed class LauncherDeathTests
{
    [Fact]
    public async Task When_the_launcher_is_killed_its_processes_end_by_themselves()
    {
        var data = TinyFleet.NewFolder();
        using var launcher = Launch(data);
        var pids = await PidsAsync(data, 2);

        launcher.Kill();

        await Eventually.Holds(() => !pids.Exists(Eventually.IsAlive), "all children have ended");
        Directory.Delete(data.Root, recursive: true);
    }

    [Fact]
    public async Task What_a_killed_launcher_left_behind_is_ended_by_the_next_one()
    {
        var data = TinyFleet.NewFolder();
        using var launcher = Launch(data, ("TINY_DEAF", "1"));
        var pids = await PidsAsync(data, 2);
        launcher.Kill();
        await launcher.WaitForExitAsync();
        pids.ShouldAllBe(pid => Eventually.IsAlive(pid), "they are deaf");

        FleetLock.TryTake(data).ShouldNotBeNull("the lock dies with its holder").Dispose();
        var ended = await Leftovers.EndAsync(data, TimeSpan.FromSeconds(0.5), CancellationToken.None);

        ended.ShouldBe(["gateway", "order-service"]);
        pids.ShouldAllBe(pid => !Eventually.IsAlive(pid));
        File.Exists(data.State).ShouldBeFalse();
        Directory.Delete(data.Root, recursive: true);
    }

    [Fact]
    public async Task A_number_that_belongs_to_somebody_else_by_now_is_left_alone()
    {
        var data = TinyFleet.NewFolder();
        using var bystander = Process.Start(new ProcessStartInfo("sleep", ["60"]))!;
        new StateFile(data.State).Write(() => new FleetState("", [new ProcessEntry("order-service", bystander.Id, 1, "")]));
        File.SetLastWriteTimeUtc(data.State, bystander.StartTime.ToUniversalTime().AddMinutes(-1));

        (await Leftovers.EndAsync(data, TimeSpan.FromSeconds(1), CancellationToken.None)).ShouldBeEmpty();

        Eventually.IsAlive(bystander.Id).ShouldBeTrue();
        bystander.Kill();
        Directory.Delete(data.Root, recursive: true);
    }

    private static Process Launch(DataFolder data, params (string Name, string Value)[] settings)
    {
        var start = new ProcessStartInfo(DotnetHost.Path, [typeof(TinyLauncher).Assembly.Location, "launcher", data.Root, "gateway", "order-service"]);
        foreach (var (name, value) in settings)
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }

    private static async Task<List<int>> PidsAsync(DataFolder data, int count)
    {
        var state = new StateFile(data.State);
        using var readiness = new Readiness();
        await Eventually.Holds(() => state.Read()?.Processes.Count(p => p.Pid is not null) == count, "all children are started");
        var processes = state.Read()!.Processes;
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        await Task.WhenAll(processes.Select(p => readiness.WaitAsync(p.Url, limit.Token)));
        return [.. processes.Select(p => p.Pid!.Value)];
    }
}

using System.Diagnostics;
using Argosy.Cli.Processes;
using Shouldly;
using Xunit;

namespace Argosy.Cli.Tests;

public sealed class FleetRegistryTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("argosy-test-").FullName;

    private FleetRegistry Registry => new(Path.Combine(_folder, "fleets"));

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_fleet_is_listed_from_its_start_to_its_end()
    {
        Registry.Running().ShouldBeEmpty();
        using (Registry.Enter(new DataFolder("/somewhere/a")))
        {
            Registry.Running().ShouldBe([(new DataFolder("/somewhere/a"), Environment.ProcessId)]);
        }

        Registry.Running().ShouldBeEmpty();
    }

    [Fact]
    public void What_a_killed_launcher_left_is_removed_even_where_its_number_is_somebody_else_s_by_now()
    {
        using var entered = Registry.Enter(new DataFolder("/somewhere/a"));
        var (mine, nobodys) = (FileOf(Environment.ProcessId), FileOf(int.MaxValue));
        File.WriteAllText(nobodys, "/somewhere/b");
        using var self = Process.GetCurrentProcess();
        File.SetLastWriteTimeUtc(mine, self.StartTime.ToUniversalTime().AddMinutes(-1));

        Registry.Running().ShouldBeEmpty();

        File.Exists(nobodys).ShouldBeFalse();
        File.Exists(mine).ShouldBeFalse();
    }

    private string FileOf(int pid) => Path.Combine(_folder, "fleets", $"{pid}");
}

using System.Diagnostics;
using System.Globalization;
using Argosy.Cli.Processes;
using Argosy.E2E;
using Argosy.FaultLab.Fleets;
using Shouldly;
using Xunit;

namespace Argosy.FaultLab.Tests;

/// <summary>A clock that is stepped really is another one, for whoever runs with it.</summary>
public sealed class SteppedClockTests
{
    [Fact]
    public async Task A_process_with_a_stepped_clock_sees_the_step_and_afterwards_the_time_as_it_is()
    {
        if (SteppedClock.Find(Repository.Find()) is null)
        {
            await DebianTools.UnpackAsync(SteppedClock.Package);
        }

        var library = SteppedClock.Find(Repository.Find());
        Assert.SkipWhen(library is null, $"There is no libfaketime here, and it could not be fetched: install Debian's package {SteppedClock.Package}.");
        var data = new DataFolder(Directory.CreateTempSubdirectory("argosy-clock-").FullName);
        try
        {
            var (clock, plan) = SteppedClock.Of(new ProcessPlan("date", ["date", "+%s"], 0, data.Root, new Dictionary<string, string?>(StringComparer.Ordinal)), data, library!);

            (await SecondsOffAsync(plan)).ShouldBeInRange(-2, 2);
            clock.Step(TimeSpan.FromSeconds(400));
            (await SecondsOffAsync(plan)).ShouldBeInRange(398, 402);
            clock.Step(TimeSpan.FromSeconds(-25));
            (await SecondsOffAsync(plan)).ShouldBeInRange(-27, -23);
            clock.Step(TimeSpan.Zero);
            (await SecondsOffAsync(plan)).ShouldBeInRange(-2, 2);
        }
        finally
        {
            Directory.Delete(data.Root, recursive: true);
        }
    }

    private static async Task<long> SecondsOffAsync(ProcessPlan plan)
    {
        var start = new ProcessStartInfo(plan.Command[0], plan.Command.Skip(1)) { RedirectStandardOutput = true, UseShellExecute = false };
        foreach (var (name, value) in plan.Environment)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        var said = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        return long.Parse(said, CultureInfo.InvariantCulture) - TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
    }
}

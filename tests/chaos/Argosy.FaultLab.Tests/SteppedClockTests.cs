using System.Diagnostics;
using System.Globalization;
using Argosy.Cli.Processes;
using Argosy.E2E;
using Argosy.FaultLab.Fleets;
using Argosy.Testing;
using Shouldly;
using Xunit;

namespace Argosy.FaultLab.Tests;

/// <summary>A clock that is stepped really is another one, for whoever runs with it, and who waits with it rests.</summary>
public sealed class SteppedClockTests : IDisposable
{
    // It has nothing to do but to wait with a deadline.
    private const string Idle = ".NET Finalizer";

    private static readonly TimeSpan Watched = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(10);      // of /proc/PID/stat

    private readonly DataFolder _data = new(Directory.CreateTempSubdirectory("argosy-clock-").FullName);

    public void Dispose() => Directory.Delete(_data.Root, recursive: true);

    [Fact]
    public async Task A_process_with_a_stepped_clock_sees_the_step_and_afterwards_the_time_as_it_is()
    {
        var (clock, plan) = await PlanAsync("date", "date", "+%s");

        (await SecondsOffAsync(plan)).ShouldBeInRange(-2, 2);
        clock.Step(TimeSpan.FromSeconds(400));
        (await SecondsOffAsync(plan)).ShouldBeInRange(398, 402);
        clock.Step(TimeSpan.FromSeconds(-25));
        (await SecondsOffAsync(plan)).ShouldBeInRange(-27, -23);
        clock.Step(TimeSpan.Zero);
        (await SecondsOffAsync(plan)).ShouldBeInRange(-2, 2);
    }

    [Fact]
    public async Task A_process_with_a_stepped_clock_that_waits_for_something_rests_meanwhile()
    {
        var (_, plan) = await PlanAsync("payment-provider");
        await using var provider = ServiceProcess.Start(ServiceBench.DllOf("PaymentProvider"), new Dictionary<string, string>(plan.Environment!, StringComparer.Ordinal)
        {
            ["SERVICE_PORT"] = $"{ServiceProcess.FreePort()}",
            ["ARGOSY_PROFILE"] = "local",
            ["PROVIDER_API_KEY"] = "a key of the stepped clock",
            ["DATA_DIR"] = _data.Root,
            ["DATABASE_URL"] = $"sqlite:{_data.Root}/provider.db",
        });
        await provider.ReadyAsync();

        var idle = Thread(provider.Id);
        var before = Spent(idle);
        using var watch = new PeriodicTimer(Watched);
        await watch.WaitForNextTickAsync(TestContext.Current.CancellationToken);

        (Spent(idle) - before).ShouldBeLessThan(Watched / 100);
    }

    private async Task<(SteppedClock Clock, ProcessPlan Plan)> PlanAsync(string name, params string[] command)
    {
        if (SteppedClock.Find(Repository.Find()) is null)
        {
            await DebianTools.UnpackAsync(SteppedClock.Package);
        }

        var library = SteppedClock.Find(Repository.Find());
        Assert.SkipWhen(library is null, $"There is no libfaketime here, and it could not be fetched: install Debian's package {SteppedClock.Package}.");
        return SteppedClock.Of(new ProcessPlan(name, command, 0, _data.Root, new Dictionary<string, string?>(StringComparer.Ordinal)), _data, library!);
    }

    private static string Thread(int process)
    {
        return Directory.GetDirectories($"/proc/{process}/task").Single(IsIdle);

        static bool IsIdle(string task)
        {
            try
            {
                return File.ReadAllText(Path.Combine(task, "comm")).TrimEnd() == Idle;
            }
            catch (IOException)
            {
                return false;   // it ended meanwhile
            }
        }
    }

    // The processor's time: proc(5), fields 14 and 15 of stat, after the name in brackets.
    private static TimeSpan Spent(string thread)
    {
        var stat = File.ReadAllText(Path.Combine(thread, "stat")).Split(") ")[^1].Split(' ');
        return Tick * (int.Parse(stat[11], CultureInfo.InvariantCulture) + int.Parse(stat[12], CultureInfo.InvariantCulture));
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

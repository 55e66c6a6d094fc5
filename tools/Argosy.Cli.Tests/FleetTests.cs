using System.Diagnostics;
using Argosy.Cli.Processes;
using Argosy.Testing;
using Shouldly;
using Xunit;

namespace Argosy.Cli.Tests;

public sealed class FleetTests
{
    [Fact]
    public async Task A_fleet_is_up_when_every_process_has_said_that_it_is_ready()
    {
        await using var tiny = TinyFleet.Of("gateway", "order-service", "payment-provider");

        (await tiny.Fleet.StartAsync(CancellationToken.None)).ShouldBeNull();

        tiny.Fleet.Status.ShouldAllBe(p => p.State == ProcessState.Running && p.ReadySeconds > 0);
        var state = tiny.State.ShouldNotBeNull();
        state.Processes.Select(p => p.Name).ShouldBe(["gateway", "order-service", "payment-provider"]);
        state.Gateway.ShouldBe(state.UrlOf("gateway"));
        state.Processes.ShouldAllBe(p => Eventually.IsAlive(p.Pid!.Value));
    }

    [Fact]
    public async Task A_killed_process_comes_back_and_the_state_file_knows_its_new_number()
    {
        await using var tiny = TinyFleet.Of("gateway", "order-service");
        await tiny.Fleet.StartAsync(CancellationToken.None);
        var (victim, bystander) = (tiny.PidOf("order-service"), tiny.PidOf("gateway"));

        Kill(victim);

        await Eventually.Holds(() => tiny.Fleet.Status[1] is { State: ProcessState.Running, Restarts: 1 }, "the process is back");
        tiny.PidOf("order-service").ShouldNotBe(victim);
        tiny.PidOf("gateway").ShouldBe(bystander);
        tiny.Fleet.Status[1].LastExit.ShouldBe("was ended by signal 9");
    }

    [Fact]
    public async Task Between_a_crash_and_the_restart_the_state_file_names_no_number()
    {
        var data = TinyFleet.NewFolder();
        var seen = new List<int?>();
        var plan = TinyFleet.Plan(data, "order-service");
        using var fleet = new Fleet([plan], data, new SupervisionPolicy(), TimeProvider.System)
        {
            Changed = status => seen.Add(new StateFile(data.State).Read()!.Processes[0].Pid),
        };
        await fleet.StartAsync(CancellationToken.None);

        Kill(seen[^1]!.Value);
        await Eventually.Holds(() => fleet.Status[0] is { State: ProcessState.Running, Restarts: 1 }, "the process is back");
        await fleet.StopAsync(CancellationToken.None);

        seen.ShouldContain((int?)null);
        seen[^1].ShouldBeNull();
        Directory.Delete(data.Root, recursive: true);
    }

    [Fact]
    public async Task Killed_again_and_again_a_process_still_comes_back()
    {
        await using var tiny = TinyFleet.Of("order-service");
        await tiny.Fleet.StartAsync(CancellationToken.None);

        for (var time = 1; time <= 3; time++)
        {
            Kill(tiny.PidOf("order-service"));
            await Eventually.Holds(() => tiny.Fleet.Status[0].State == ProcessState.Running && tiny.Fleet.Status[0].Restarts == time, $"back after kill {time}");
        }
    }

    [Theory]
    [InlineData("commit.before:3", false)]
    [InlineData("@failpoints", true)]
    public async Task Who_comes_back_is_not_armed_again_unless_by_a_file_that_loses_a_line_with_each_life(string setting, bool stays)
    {
        var data = TinyFleet.NewFolder();
        await using var tiny = new TinyFleet([TinyFleet.Plan(data, "order-service", ("ARGOSY_FAILPOINT", setting))], data);
        await tiny.Fleet.StartAsync(CancellationToken.None);
        Armed().ShouldBeTrue();

        Kill(tiny.PidOf("order-service"));
        await Eventually.Holds(() => tiny.Fleet.Status[0] is { State: ProcessState.Running, Restarts: 1 }, "the process is back");

        Armed().ShouldBe(stays);

        bool Armed() => File.ReadAllText($"/proc/{tiny.PidOf("order-service")}/environ").Split('\0').Contains($"ARGOSY_FAILPOINT={setting}");
    }

    [Fact]
    public async Task A_process_that_ends_before_it_is_ready_fails_the_start_with_its_last_words_in_the_log()
    {
        var data = TinyFleet.NewFolder();
        await using var tiny = new TinyFleet(
            [TinyFleet.Plan(data, "gateway"), TinyFleet.Plan(data, "order-service", ("TINY_EXIT", "3"), ("TINY_LAST_WORDS", "no such table"))], data);

        var failure = (await tiny.Fleet.StartAsync(CancellationToken.None)).ShouldNotBeNull();

        failure.ShouldBe(new StartFailure("order-service", "ended with exit code 3", IsConfiguration: false));
        LogTail.Of(data.LogOf("order-service"), 20)[^1].ShouldBe("no such table");
    }

    [Fact]
    public async Task Exit_code_78_is_told_apart_as_bad_configuration()
    {
        var data = TinyFleet.NewFolder();
        await using var tiny = new TinyFleet([TinyFleet.Plan(data, "order-service", ("TINY_EXIT", "78"))], data);

        (await tiny.Fleet.StartAsync(CancellationToken.None)).ShouldNotBeNull().IsConfiguration.ShouldBeTrue();
    }

    [Fact]
    public async Task A_process_that_never_gets_ready_fails_the_start_at_its_deadline()
    {
        var data = TinyFleet.NewFolder();
        var time = new FakeTime();
        var policy = new SupervisionPolicy { ReadyWithin = TimeSpan.FromSeconds(2) };
        var plan = TinyFleet.Plan(data, "order-service", ("TINY_UNREADY", "1"));
        await using var tiny = new TinyFleet([plan], data, policy, time);

        var starting = tiny.Fleet.StartAsync(CancellationToken.None);
        using var readiness = new Readiness();
        await Eventually.Holds(async () => await readiness.AskAsync(plan.Url, CancellationToken.None) is not null, "it answers");
        time.Advance(TimeSpan.FromSeconds(2));

        var failure = (await starting).ShouldNotBeNull();
        failure.How.ShouldStartWith("wasn't ready within 2 s");
        failure.How.ShouldContain("it answers 503");
    }

    [Fact]
    public async Task Stopping_leaves_no_process_and_no_state_file()
    {
        await using var tiny = TinyFleet.Of("gateway", "order-service", "payment-provider");
        await tiny.Fleet.StartAsync(CancellationToken.None);
        var pids = tiny.State!.Processes.Select(p => p.Pid!.Value).ToList();

        var summary = await tiny.StopAsync();

        summary.Killed.ShouldBeEmpty();
        pids.ShouldAllBe(pid => !Eventually.IsAlive(pid));
        File.Exists(tiny.Data.State).ShouldBeFalse();
    }

    [Fact]
    public async Task Stopping_ends_the_gateway_first_and_the_provider_last()
    {
        var data = TinyFleet.NewFolder();
        var ended = new List<string>();
        using var fleet = new Fleet(
            new[] { "payment-provider", "order-service", "gateway" }.Select(n => TinyFleet.Plan(data, n)), data, new SupervisionPolicy(), TimeProvider.System)
        {
            Changed = status =>
            {
                if (status.State == ProcessState.Stopped)
                {
                    lock (ended)
                    {
                        ended.Add(status.Name);
                    }
                }
            },
        };
        await fleet.StartAsync(CancellationToken.None);

        await fleet.StopAsync(CancellationToken.None);

        ended.ShouldBe(["gateway", "order-service", "payment-provider"]);
        Directory.Delete(data.Root, recursive: true);
    }

    [Fact]
    public async Task Whoever_does_not_listen_is_killed()
    {
        var data = TinyFleet.NewFolder();
        var policy = new SupervisionPolicy { StopWithin = TimeSpan.FromSeconds(1) };
        await using var tiny = new TinyFleet([TinyFleet.Plan(data, "order-service", ("TINY_DEAF", "1"))], data, policy);
        await tiny.Fleet.StartAsync(CancellationToken.None);
        var pid = tiny.PidOf("order-service");

        var summary = await tiny.StopAsync();

        summary.Killed.ShouldBe(["order-service"]);
        Eventually.IsAlive(pid).ShouldBeFalse();
    }

    [Fact]
    public async Task A_second_request_to_stop_does_not_wait()
    {
        var data = TinyFleet.NewFolder();
        await using var tiny = new TinyFleet([TinyFleet.Plan(data, "order-service", ("TINY_DEAF", "1"))], data);
        await tiny.Fleet.StartAsync(CancellationToken.None);
        var began = Stopwatch.StartNew();
        using var kill = new CancellationTokenSource();

        var stopping = tiny.Fleet.StopAsync(kill.Token);
        await kill.CancelAsync();

        (await stopping).Killed.ShouldBe(["order-service"]);
        began.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(8));
    }

    [Fact]
    public async Task Restarting_one_process_leaves_the_others_alone_and_counts_as_no_crash()
    {
        await using var tiny = TinyFleet.Of("gateway", "order-service");
        await tiny.Fleet.StartAsync(CancellationToken.None);
        var (order, gateway) = (tiny.PidOf("order-service"), tiny.PidOf("gateway"));

        await tiny.Fleet.RestartAsync("order-service", CancellationToken.None);

        tiny.PidOf("order-service").ShouldNotBe(order);
        tiny.PidOf("gateway").ShouldBe(gateway);
        tiny.Fleet.Status.ShouldAllBe(p => p.State == ProcessState.Running && p.Restarts == 0);
    }

    [Fact]
    public async Task Restarting_somebody_unknown_names_those_who_are_there()
    {
        await using var tiny = TinyFleet.Of("gateway", "order-service");

        var refusal = await Should.ThrowAsync<Refusal>(() => tiny.Fleet.RestartAsync("orders", CancellationToken.None));

        refusal.Message.ShouldBe("there is no process orders; there are gateway, order-service");
    }

    [Theory]
    [InlineData(1, 0.2)]
    [InlineData(2, 1)]
    [InlineData(3, 2)]
    [InlineData(4, 4)]
    [InlineData(5, 8)]
    [InlineData(6, 15)]
    [InlineData(60, 15)]
    public void The_first_restart_is_quick_and_later_ones_wait_longer_up_to_a_bound(int crash, double seconds) =>
        SupervisionPolicy.RestartDelay(crash).TotalSeconds.ShouldBe(seconds);

    private static void Kill(int pid)
    {
        using var process = Process.GetProcessById(pid);
        process.Kill();
    }
}

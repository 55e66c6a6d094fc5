using Argosy.Cli.Engines;
using Argosy.Cli.Processes;
using Shouldly;
using Xunit;

namespace Argosy.Cli.Tests;

public sealed class ControlTests
{
    [Fact]
    public async Task Other_verbs_see_and_steer_the_fleet_of_a_folder()
    {
        await using var tiny = TinyFleet.Of("gateway", "order-service");
        var control = new FleetControl(tiny.Fleet, EngineSet.None.Note);
        await using var server = new ControlServer(tiny.Data, control.AnswerAsync);
        var client = new ControlClient(tiny.Data);
        await tiny.Fleet.StartAsync(CancellationToken.None);
        control.HasStarted(TimeSpan.FromSeconds(4.25));

        var status = (await client.AskAsync(new ControlRequest(ControlVerb.Status), CancellationToken.None)).ShouldNotBeNull();
        status.Started.ShouldBe(TimeSpan.FromSeconds(4.25));
        status.Launcher.ShouldBe(Environment.ProcessId);
        status.Processes.Select(p => p.Name).ShouldBe(["gateway", "order-service"]);

        var before = tiny.PidOf("order-service");
        var restarted = (await client.AskAsync(new ControlRequest(ControlVerb.Restart, "order-service"), CancellationToken.None)).ShouldNotBeNull();
        restarted.Error.ShouldBeNull();
        tiny.PidOf("order-service").ShouldNotBe(before);

        var refused = (await client.AskAsync(new ControlRequest(ControlVerb.Restart, "nobody"), CancellationToken.None)).ShouldNotBeNull();
        refused.Error.ShouldNotBeNull().ShouldContain("there is no process nobody");
    }

    [Fact]
    public async Task Asking_to_stop_is_answered_when_everything_has_stopped()
    {
        await using var tiny = TinyFleet.Of("gateway");
        var control = new FleetControl(tiny.Fleet, EngineSet.None.Note);
        await using var server = new ControlServer(tiny.Data, control.AnswerAsync);
        await tiny.Fleet.StartAsync(CancellationToken.None);

        var asked = new ControlClient(tiny.Data).AskAsync(new ControlRequest(ControlVerb.Stop), CancellationToken.None);
        await control.StopAsked.WaitAsync(TimeSpan.FromSeconds(10));
        asked.IsCompleted.ShouldBeFalse();
        control.HasStopped(await tiny.StopAsync());

        (await asked).ShouldNotBeNull().Stopped.ShouldNotBeNull().Stopped.ShouldBe(1);
    }

    [Fact]
    public async Task Without_a_launcher_there_is_no_answer()
    {
        var data = TinyFleet.NewFolder();

        (await new ControlClient(data).AskAsync(new ControlRequest(ControlVerb.Status), CancellationToken.None)).ShouldBeNull();

        Directory.Delete(data.Root, recursive: true);
    }

    [Fact]
    public void A_folder_with_a_long_name_still_gets_a_pipe_that_fits_a_socket_path()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "pipes have names there, not paths");

        ControlPipe.NameFor(new DataFolder("/tmp/" + new string('x', 200))).Length.ShouldBeLessThan(100);
        ControlPipe.NameFor(new DataFolder("/tmp/short")).ShouldBe("/tmp/short/control.sock");
    }
}

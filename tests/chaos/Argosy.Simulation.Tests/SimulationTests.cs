using System.Diagnostics;
using Shouldly;
using Xunit;

namespace Argosy.Simulation.Tests;

public sealed class SimulationTests
{
    private const int Stories = 2000;

    [Fact]
    public async Task In_two_thousand_bad_worlds_every_order_ends_and_the_books_agree()
    {
        var campaign = await Campaign.RunAsync(1, Stories);

        campaign.Broken.ShouldBeNull();
        campaign.Turns.ShouldBeGreaterThan(Stories * 200L, "a world in which nothing happens proves nothing");
    }

    [Fact]
    public async Task The_same_seed_tells_the_same_story()
    {
        await using var used = await Fleet.MakeAsync();
        for (var seed = 1; seed <= 25; seed++)
        {
            await using var fresh = await Fleet.MakeAsync();
            var (one, other) = (new StringWriter(), new StringWriter());
            await World.TellAsync(seed, used, new Trace(one));
            await World.TellAsync(seed, fresh, new Trace(other));

            one.ToString().ShouldBe(other.ToString(), $"seed {seed}");
            one.ToString().Length.ShouldBeGreaterThan(1000);
        }
    }

    [Fact]
    public async Task Two_processes_tell_it_byte_for_byte()
    {
        var told = await Task.WhenAll(TellAsync(42), TellAsync(42), TellAsync(43));

        told[0].ShouldBe(told[1]);
        told[0].Story.ShouldNotBe(told[2].Story);
    }

    [Fact]
    public async Task A_story_ends_with_its_verdict()
    {
        var (story, verdict) = await TellAsync(42);

        var steps = story.TrimEnd().Split('\n')[^1].TrimStart().Split(' ')[0];
        verdict.ShouldBe($"seed 42, {steps} steps: every law held\n");
    }

    [Fact]
    public async Task Telling_it_makes_no_difference()
    {
        await using var fleet = await Fleet.MakeAsync();
        for (var seed = 1; seed <= 10; seed++)
        {
            var silent = await World.TellAsync(seed, fleet, Trace.Off);
            (await World.TellAsync(seed, fleet, new Trace(TextWriter.Null))).ShouldBe(silent, $"seed {seed}");
        }
    }

    [Fact]
    public async Task A_schedule_of_all_that_chance_decided_tells_the_same_story_and_one_of_nothing_a_story_without_faults()
    {
        await using var fleet = await Fleet.MakeAsync();
        for (var seed = 1; seed <= 25; seed++)
        {
            var (chance, planned, quiet) = (new Misfortunes(), new StringWriter(), new StringWriter());
            var told = new StringWriter();
            await World.TellAsync(seed, fleet, new Trace(told), misfortunes: chance);
            var schedule = Schedule.Of(seed, "", Plan.OfSeed(seed), chance.Struck);
            await World.TellAsync(seed, fleet, new Trace(planned), misfortunes: new Misfortunes(Schedule.Read(schedule.Write())));
            await World.TellAsync(seed, fleet, new Trace(quiet), misfortunes: new Misfortunes(schedule with { Strikes = [] }));

            planned.ToString().ShouldBe(told.ToString(), $"seed {seed}");
            quiet.ToString().ShouldNotContain("is killed", customMessage: $"seed {seed}");
            quiet.ToString().ShouldNotContain("the connection from", customMessage: $"seed {seed}");
        }
    }

    [Theory]
    [InlineData("""{"seed":42,"law":"","turns":0,"people":[{"order":"request 1","cancels":false,"collects":false}],"strikes":[]}""", 0, "seed 42 with 0 faults, ")]
    [InlineData("""{"seed":42}""", 2, "is no plan of a story: ")]
    [InlineData("nonsense", 2, "is no plan of a story: ")]
    public async Task A_plan_is_told_from_its_file(string plan, int exitCode, string verdict)
    {
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, plan);

        var (_, said) = await TellAsync(exitCode, "--plan", file);

        said.ShouldContain(verdict);
        File.Delete(file);
    }

    private static Task<(string Story, string Verdict)> TellAsync(int seed) => TellAsync(0, "--seed", $"{seed}");

    private static async Task<(string Story, string Verdict)> TellAsync(int exitCode, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [typeof(World).Assembly.Location, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        using var process = Process.Start(start)!;
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var verdict = process.StandardError.ReadToEndAsync(deadline.Token);
        var story = await process.StandardOutput.ReadToEndAsync(deadline.Token);
        await process.WaitForExitAsync(deadline.Token);
        process.ExitCode.ShouldBe(exitCode);
        return (story, await verdict);
    }
}

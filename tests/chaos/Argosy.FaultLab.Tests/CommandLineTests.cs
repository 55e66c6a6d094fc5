using Argosy.Cli.Verbs;
using Shouldly;
using Xunit;

namespace Argosy.FaultLab.Tests;

/// <summary>What the launcher and the lab understand by the same words.</summary>
public sealed class CommandLineTests
{
    [Fact]
    public async Task A_nemesis_has_the_seed_the_time_and_the_engines_that_were_named()
    {
        (await AskAsync("nemesis", "--seed", "7", "--seconds", "20", "--engines", "postgresql")).ShouldBe(new ChaosRequest.Nemesis(7, TimeSpan.FromSeconds(20), "postgresql"));
        (await AskAsync("nemesis", "--seed", "7", "--engines")).ShouldBe(new ChaosRequest.Nemesis(7, TimeSpan.FromSeconds(60), "all"));
        (await AskAsync("nemesis", "--seed", "7")).ShouldBe(new ChaosRequest.Nemesis(7, TimeSpan.FromSeconds(60), Engines: null));
    }

    [Fact]
    public async Task Everything_has_a_hundred_runs_unless_told_otherwise()
    {
        (await AskAsync("all")).ShouldBe(new ChaosRequest.All(100, Engines: null, Results: null));
        (await AskAsync("all", "--runs", "3", "--results", "r.jsonl")).ShouldBe(new ChaosRequest.All(3, Engines: null, "r.jsonl"));
    }

    [Fact]
    public async Task An_experiment_is_run_by_its_name_or_from_a_file()
    {
        (await AskAsync("list")).ShouldBe(new ChaosRequest.List());
        var run = (await AskAsync("run", "a", "b", "--seconds", "5")).ShouldBeOfType<ChaosRequest.Run>();
        run.Experiments.ShouldBe(["a", "b"]);
        (run.File, run.Length, run.Engines).ShouldBe((null, TimeSpan.FromSeconds(5), null));
        run = (await AskAsync("run", "--file", "f.yaml", "--engines")).ShouldBeOfType<ChaosRequest.Run>();
        (run.Experiments.Count, run.File, run.Length, run.Engines).ShouldBe((0, "f.yaml", null, "all"));
    }

    [Theory]
    [InlineData("--file FILE", "run")]
    [InlineData("--file FILE", "run", "a", "--file", "f.yaml")]
    [InlineData("--seconds", "run", "a", "--seconds", "0")]
    [InlineData("--seconds", "nemesis", "--seconds", "0")]
    [InlineData("--seconds", "nemesis", "--seconds", "long")]
    [InlineData("--runs", "all", "--runs", "-1")]
    [InlineData("earthquake", "earthquake")]
    public void What_makes_no_sense_is_refused_by_name(string names, params string[] words) =>
        ChaosVerb.Create((_, _) => Task.FromResult(0)).Parse(words).Errors.ShouldContain(error => error.Message.Contains(names));

    private static async Task<ChaosRequest> AskAsync(params string[] words)
    {
        ChaosRequest? asked = null;
        await ChaosVerb.Create((request, _) =>
        {
            asked = request;
            return Task.FromResult(0);
        }).Parse(words).InvokeAsync();
        return asked.ShouldNotBeNull();
    }
}

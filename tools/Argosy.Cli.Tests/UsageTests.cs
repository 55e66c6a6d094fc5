using System.CommandLine;
using Argosy.Cli.Processes;
using Argosy.Cli.Terminal;
using Argosy.Cli.Verbs;
using Shouldly;
using Xunit;

namespace Argosy.Cli.Tests;

/// <summary>Command lines that are refused, and when.</summary>
public sealed class UsageTests : IDisposable
{
    private readonly Repository _repository = new(Directory.CreateTempSubdirectory("argosy-test-").FullName);
    private readonly Interrupts _interrupts = new();

    private CliContext Cli => new(_repository, new Screen(), _interrupts, TimeProvider.System);

    public void Dispose()
    {
        _interrupts.Dispose();
        Directory.Delete(_repository.Root, recursive: true);
    }

    [Theory]
    [InlineData("sim takes --seeds N [--from S], --seed S, or --plan FILE.")]
    [InlineData("sim takes --seeds N [--from S], --seed S, or --plan FILE.", "--seeds", "3", "--seed", "4")]
    [InlineData("sim takes --seeds N [--from S], --seed S, or --plan FILE.", "--seeds", "0")]
    [InlineData("sim takes --seeds N [--from S], --seed S, or --plan FILE.", "--seed", "4", "--from", "3")]
    [InlineData("'x'", "--seeds", "x")]
    public void A_simulation_of_nothing_in_particular_is_refused_by_the_parser(string says, params string[] arguments) =>
        SimVerb.Create(Cli).Parse(arguments).Errors.ShouldHaveSingleItem().Message.ShouldContain(says);

    [Theory]
    [InlineData("--seeds", "3")]
    [InlineData("--seeds", "3", "--from", "0")]
    [InlineData("--seed", "0")]
    [InlineData("--plan", "sim-seed-7.json")]
    public void A_simulation_of_some_seeds_or_of_one_is_not(params string[] arguments) =>
        SimVerb.Create(Cli).Parse(arguments).Errors.ShouldBeEmpty();

    [Fact]
    public void Fewer_lines_than_none_are_refused() =>
        LogsVerb.Create(Cli).Parse(["-n", "-1"]).Errors.ShouldHaveSingleItem().Message.ShouldBe("--lines must be 0 or more, and is -1.");

    [Theory]
    [InlineData("See ./argosy chaos run --help.", "chaos", "run")]
    [InlineData("See ./argosy sim --help.", "sim")]
    [InlineData("See ./argosy --help.", "bogus")]
    public void Whoever_is_refused_is_told_whose_help_to_read(string says, params string[] arguments) =>
        UsageErrors.Of(new RootCommand { SimVerb.Create(Cli), ChaosVerb.Create(Cli) }.Parse(arguments)).Message.ShouldEndWith(says);

    [Theory]
    [InlineData(-1, ExitCodes.Refused, "--bogus")]
    [InlineData(-1, ExitCodes.Done, "--filter", "Orders")]
    [InlineData(1, ExitCodes.Done, "--bogus")]
    public void A_launcher_objects_before_the_build_unless_it_is_older_than_its_sources(int sourcesNewer, int exitCode, params string[] arguments)
    {
        Directory.CreateDirectory(_repository.LauncherSources);
        var source = Path.Combine(_repository.LauncherSources, "Program.cs");
        File.WriteAllText(source, "");
        File.SetLastWriteTimeUtc(source, File.GetLastWriteTimeUtc(typeof(Beforehand).Assembly.Location).AddMinutes(sourcesNewer));
        var root = new RootCommand { TestVerb.Create(Cli) };

        Beforehand.Check(root.Parse(["test", .. arguments]), Cli).ShouldBe(exitCode);
    }
}

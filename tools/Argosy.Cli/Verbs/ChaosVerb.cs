using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Argosy.Cli.Engines;
using Argosy.Cli.Processes;

namespace Argosy.Cli.Verbs;

/// <summary>What somebody wants of the fault lab.</summary>
internal abstract record ChaosRequest
{
    /// <param name="Runs">How many of each kind that has no number of its own.</param>
    /// <param name="Engines">What the fleets stand on; null: what is embedded.</param>
    /// <param name="Results">Where the results are; null: in the folder of what is built.</param>
    /// <param name="Only">One kind; null: every kind.</param>
    /// <param name="Lanes">How many fleets side by side; null: as many as the kind says.</param>
    public sealed record All(int Runs, string? Engines, string? Results, string? Only = null, int? Lanes = null) : ChaosRequest;

    /// <param name="Seed">Everything that is left to chance.</param>
    /// <param name="Length">For how long things are broken.</param>
    /// <param name="Engines">What the fleet stands on; null: what is embedded.</param>
    public sealed record Nemesis(int Seed, TimeSpan Length, string? Engines) : ChaosRequest;

    /// <summary>Which experiments there are.</summary>
    public sealed record List : ChaosRequest;

    /// <param name="Experiments">By name, in this order, on one fleet.</param>
    /// <param name="File">Or a file of one's own.</param>
    /// <param name="Length">For how long each is done; null: as its file says.</param>
    /// <param name="Engines">What the fleet stands on; null: what is embedded.</param>
    public sealed record Run(IReadOnlyList<string> Experiments, string? File, TimeSpan? Length, string? Engines) : ChaosRequest;
}

/// <summary>
/// The fault lab (tests/chaos/Argosy.FaultLab). The launcher and the lab make their command lines here, so that words mean the same to
/// both; the launcher's part is to hand them on.
/// </summary>
internal static class ChaosVerb
{
    /// <summary>What <c>--only</c> takes.</summary>
    public const string OnlyCrashPoints = "crash-points", OnlyNemesis = "nemesis";

    private const string Lab = "Argosy.FaultLab";
    private const int UsualRuns = 100;
    private const int UsualSeconds = 60;
    private static readonly TimeSpan EndsWithin = TimeSpan.FromMinutes(1);

    public static Command Create(CliContext cli) => Create((_, parsed) => HandOnAsync(cli, parsed));

    public static Command Create(Func<ChaosRequest, ParseResult, Task<int>> run) =>
        new("chaos", "Break fleets of real processes, and hold their books against each other afterwards.")
        {
            All(run),
            Nemesis(run),
            List(run),
            Run(run),
        };

    private static Command All(Func<ChaosRequest, ParseResult, Task<int>> run)
    {
        var runs = new Option<int>("--runs") { Description = "How many runs of each kind.", HelpName = "N", DefaultValueFactory = _ => UsualRuns };
        runs.Validators.Add(given => AtLeastOne(given, runs));
        var results = new Option<string?>("--results") { Description = "Where the results are, a line each (default: artifacts/chaos/results.jsonl).", HelpName = "FILE" };
        var engines = Engines();
        var only = new Option<string?>("--only") { Description = "One kind: crash-points, which is every failpoint once, twice and in recovery, or nemesis.", HelpName = "KIND" };
        only.AcceptOnlyFromAmong(OnlyCrashPoints, OnlyNemesis);
        var lanes = new Option<int?>("--lanes") { Description = "How many fleets run side by side (default: 2 for crash points, which mostly wait, and 1 for the nemesis, which loads its fleet).", HelpName = "N" };
        lanes.Validators.Add(given => AtLeastOne(given, lanes));
        var command = new Command("all", "Run every kind of trial, and go on where an earlier sitting ended.") { runs, engines, results, only, lanes };
        command.SetAction((parsed, _) => run(
            new ChaosRequest.All(parsed.GetValue(runs), Chosen(parsed, engines), parsed.GetValue(results), parsed.GetValue(only), parsed.GetValue(lanes)), parsed));
        return command;
    }

    private static Command Nemesis(Func<ChaosRequest, ParseResult, Task<int>> run)
    {
        var seed = new Option<int?>("--seed") { Description = "What everything is drawn from (default: another one each time; it is printed).", HelpName = "S" };
        var seconds = new Option<int>("--seconds") { Description = "For how long things are broken.", HelpName = "N", DefaultValueFactory = _ => UsualSeconds };
        seconds.Validators.Add(given => AtLeastOne(given, seconds));
        var engines = Engines();
        var command = new Command("nemesis", "One fleet under load, and faults that overlap, all from one seed; then the books.") { seed, seconds, engines };
        command.SetAction((parsed, _) => run(
            new ChaosRequest.Nemesis(parsed.GetValue(seed) ?? Random.Shared.Next(), TimeSpan.FromSeconds(parsed.GetValue(seconds)), Chosen(parsed, engines)), parsed));
        return command;
    }

    private static Command List(Func<ChaosRequest, ParseResult, Task<int>> run)
    {
        var command = new Command("list", "Which experiments there are: LitmusChaos's ChaosEngines in infrastructure/kubernetes/chaos.");
        command.SetAction((parsed, _) => run(new ChaosRequest.List(), parsed));
        return command;
    }

    private static Command Run(Func<ChaosRequest, ParseResult, Task<int>> run)
    {
        var names = new Argument<string[]>("EXPERIMENT") { Description = "Names from chaos list, run one after the other on one fleet.", Arity = ArgumentArity.ZeroOrMore };
        var file = new Option<string?>("--file") { Description = "A ChaosEngine of your own instead.", HelpName = "FILE" };
        var seconds = new Option<int?>("--seconds") { Description = "For how long each is done, instead of its TOTAL_CHAOS_DURATION.", HelpName = "N" };
        seconds.Validators.Add(given => AtLeastOne(given, seconds));
        var engines = Engines();
        var command = new Command("run", "Run experiments on a fleet of their own under load: steady state before, during and after; then the books.") { names, file, seconds, engines };
        command.Validators.Add(given =>
        {
            if (given.GetValue(names) is not { Length: > 0 } == given.GetValue(file) is null)
            {
                given.AddError("chaos run takes names of experiments (see ./argosy chaos list), or --file FILE.");
            }
        });
        command.SetAction((parsed, _) => run(
            new ChaosRequest.Run(parsed.GetValue(names) ?? [], parsed.GetValue(file), parsed.GetValue(seconds) is { } n ? TimeSpan.FromSeconds(n) : null, Chosen(parsed, engines)), parsed));
        return command;
    }

    private static Option<string?> Engines() => new("--engines")
    {
        Description = "On PostgreSQL, RabbitMQ and Redis instead of what is embedded; or on some: postgresql,redis.",
        HelpName = "NAME,…",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private static string? Chosen(ParseResult parsed, Option<string?> engines) =>
        parsed.GetResult(engines) is null ? null : parsed.GetValue(engines) ?? EngineSet.Everything;

    private static void AtLeastOne(System.CommandLine.Parsing.OptionResult given, Option option)
    {
        // What is no number, the parser says by itself.
        if (given.Tokens is [var token] && int.TryParse(token.Value, CultureInfo.InvariantCulture, out var number) && number < 1)
        {
            given.AddError($"{option.Name} takes a whole number from 1 on.");
        }
    }

    /// <summary>The lab hears Ctrl-C too, undoes what it did and stops its fleet; it is waited for.</summary>
    private static async Task<int> HandOnAsync(CliContext cli, ParseResult parsed)
    {
        var assembly = cli.Repository.Assembly(Lab);
        if (!File.Exists(assembly))
        {
            throw new Refusal("the fault lab isn't built; run ./argosy chaos without --no-build");
        }

        var words = parsed.Tokens.Select(token => token.Value).SkipWhile(word => word != "chaos").Skip(1);
        using var process = Process.Start(new ProcessStartInfo(DotnetHost.Path, [assembly, .. words]) { UseShellExecute = false })!;
        try
        {
            await process.WaitForExitAsync(cli.Interrupts.Stop);
        }
        catch (OperationCanceledException)
        {
            await EndAsync(process);
        }

        return process.ExitCode;
    }

    private static async Task EndAsync(Process process)
    {
        if (!OperatingSystem.IsWindows())
        {
            Unix.Signal(process.Id, Unix.SigTerm);
        }

        try
        {
            await process.WaitForExitAsync().WaitAsync(EndsWithin);
        }
        catch (TimeoutException)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync();
        }
    }
}

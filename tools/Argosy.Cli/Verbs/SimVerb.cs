using System.CommandLine;
using System.CommandLine.Parsing;
using System.Diagnostics;
using System.Globalization;
using Argosy.Cli.Processes;

namespace Argosy.Cli.Verbs;

/// <summary>The simulation of the checkout (tests/chaos/Argosy.Simulation): its words and its exit code are the verb's.</summary>
internal static class SimVerb
{
    private const string Simulation = "Argosy.Simulation";

    public static Command Create(CliContext cli)
    {
        var seeds = new Option<int?>("--seeds") { Description = "Tell so many stories; the first that breaks a law ends it.", HelpName = "N" };
        var from = new Option<int?>("--from") { Description = "The first seed (default: 1).", HelpName = "S" };
        var seed = new Option<int?>("--seed") { Description = "Tell one story, turn by turn: the same bytes each time.", HelpName = "S" };
        var plan = new Option<string?>("--plan") { Description = "Tell the story that is left of one that broke a law.", HelpName = "FILE" };
        var command = new Command("sim", "Play the checkout in a world that loses, repeats, delays and kills, all of it drawn from a seed.") { seeds, from, seed, plan };
        command.Validators.Add(given =>
        {
            // What is no number, the parser says by itself.
            if (new[] { seeds, from, seed }.All(option => IsWhole(given.GetResult(option))) && Arguments(given.GetValue(seeds), given.GetValue(from), given.GetValue(seed), given.GetValue(plan)) is null)
            {
                given.AddError("sim takes --seeds N [--from S], --seed S, or --plan FILE.");
            }
        });
        command.SetAction((parsed, ct) => RunAsync(cli, Arguments(parsed.GetValue(seeds), parsed.GetValue(from), parsed.GetValue(seed), parsed.GetValue(plan))!, ct));
        return command;
    }

    private static bool IsWhole(OptionResult? given) => given is null || (given.Tokens is [var token] && int.TryParse(token.Value, CultureInfo.InvariantCulture, out _));

    private static string[]? Arguments(int? seeds, int? from, int? seed, string? plan) => (seeds, from, seed, plan) switch
    {
        ( >= 1, null or >= 0, null, null) => ["--seeds", Text(seeds), "--from", Text(from ?? 1)],
        (null, null, >= 0, null) => ["--seed", Text(seed)],
        (null, null, null, not null) => ["--plan", plan],
        _ => null,
    };

    private static string Text(int? number) => number!.Value.ToString(CultureInfo.InvariantCulture);

    private static async Task<int> RunAsync(CliContext cli, string[] arguments, CancellationToken ct)
    {
        var assembly = cli.Repository.Assembly(Simulation);
        if (!File.Exists(assembly))
        {
            throw new Refusal("the simulation isn't built; run ./argosy sim without --no-build");
        }

        using var process = Process.Start(new ProcessStartInfo(DotnetHost.Path, [assembly, .. arguments]) { UseShellExecute = false })!;
        try
        {
            await process.WaitForExitAsync(ct);
            return process.ExitCode;
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            throw;
        }
    }
}

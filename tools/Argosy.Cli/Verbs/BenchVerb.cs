using System.CommandLine;
using System.Diagnostics;
using Argosy.Cli.Processes;

namespace Argosy.Cli.Verbs;

/// <summary>Measures. What does it is a program of its own (tests/performance), since whoever only runs Argosy needn't build it.</summary>
internal static class BenchVerb
{
    private const string Project = "Argosy.Performance";

    public static Command Create(CliContext cli)
    {
        var quick = new Option<bool>("--quick") { Description = "A tenth of the time: to see that it works, not to quote." };
        var only = new Option<string?>("--only") { Description = "One group of figures: orders, store, gateway, identity, overload, engines or growth.", HelpName = "GROUP" };
        only.AcceptOnlyFromAmong("orders", "store", "gateway", "identity", "overload", "engines", "growth");
        var command = new Command("bench", "Measure speed, latency and memory on this machine and print a table. Nothing else should run meanwhile.") { quick, only };
        command.SetAction((parsed, ct) => RunAsync(cli.Repository, [.. parsed.GetValue(quick) ? ["--quick"] : Array.Empty<string>(), .. parsed.GetValue(only) is { } group ? ["--only", group] : Array.Empty<string>()], ct));
        return command;
    }

    private static async Task<int> RunAsync(Repository repository, IEnumerable<string> arguments, CancellationToken ct)
    {
        var assembly = repository.Assembly(Project);
        if (!File.Exists(assembly))
        {
            throw new Refusal($"{Project} isn't built; run ./argosy bench without --no-build");
        }

        using var process = Process.Start(new ProcessStartInfo(DotnetHost.Path, [assembly, .. arguments]) { UseShellExecute = false })!;
        try
        {
            await process.WaitForExitAsync(ct);
            return process.ExitCode;
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }
}

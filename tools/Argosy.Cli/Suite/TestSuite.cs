using System.Collections.Concurrent;
using Argosy.Cli.Engines;
using Argosy.Cli.Processes;
using Argosy.Cli.Terminal;
using Spectre.Console;

namespace Argosy.Cli.Suite;

/// <summary>The whole gate after the analyzed build, which the wrapper did: format, native code, every test assembly; and one line at the end that says how it went.</summary>
internal sealed class TestSuite(Repository repository, Screen screen, string? filter, bool embedded)
{
    private const string ContinuousIntegration = "CI";
    private static readonly string[] Tools = ["curl"];

    private static readonly Step Format = new("format", ["format", "whitespace", ".", "--folder", "--verify-no-changes", "--exclude", "artifacts"],
        "mend it with dotnet format whitespace . --folder --exclude artifacts");

    private static bool IsUnattended => Environment.GetEnvironmentVariable(ContinuousIntegration) is "true" or "1";

    public async Task<int> RunAsync(CancellationToken ct)
    {
        CheckTools();
        var hasServers = HasServers();
        await Format.RunAsync(repository.Root, screen, ct);
        await new AheadOfTime(repository, screen).CompileAsync(ct);
        IReadOnlyList<TestAssembly> all = [.. TestAssembly.AllOf(repository), .. hasServers ? TestAssembly.OnServers(repository) : []];
        var (chosen, method) = Choose(all);
        var runs = await RunAsync(chosen, method, ct);
        Report(runs);
        return Verdict(runs);
    }

    private static void CheckTools()
    {
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
        string[] suffixes = OperatingSystem.IsWindows() ? [".exe", ".cmd"] : [""];
        var missing = Tools.Where(t => !folders.Any(f => suffixes.Any(s => File.Exists(Path.Combine(f, t + s))))).ToList();
        if (missing.Count > 0)
        {
            throw new Refusal($"the tests need {string.Join(", ", missing)}, which isn't on the PATH; install it and run ./argosy test again");
        }
    }

    // Tests install what is missing themselves where they may. Where they may not, it is said what is left out, and what installs it.
    private bool HasServers()
    {
        var missing = embedded || (Environment.IsPrivilegedProcess && File.Exists("/usr/bin/apt-get")) ? [] : EngineSet.MissingPackages();
        if (missing.Count > 0)
        {
            screen.Say($"argosy: what runs on PostgreSQL, RabbitMQ and Redis is left out; to have it: apt-get install {string.Join(' ', missing)}");
        }

        if (IsUnattended && (embedded || missing.Count > 0))
        {
            throw new Refusal($"{ContinuousIntegration} is set, and everything has to run there, also on PostgreSQL, RabbitMQ and Redis", ExitCodes.Usage);
        }

        return !embedded && missing.Count == 0;
    }

    /// <summary>The assemblies whose name has the filter in it; if there are none, all of them and the tests whose name has it.</summary>
    private (IReadOnlyList<TestAssembly> Assemblies, string? Method) Choose(IReadOnlyList<TestAssembly> all)
    {
        if (filter is null)
        {
            return (all, null);
        }

        if (IsUnattended)
        {
            throw new Refusal($"--filter leaves tests out, and {ContinuousIntegration} is set: everything has to run there", ExitCodes.Usage);
        }

        var named = all.Where(a => a.Name.Contains(filter, StringComparison.OrdinalIgnoreCase)).ToList();
        return named.Count > 0 ? (named, null) : (all, filter);
    }

    private async Task<IReadOnlyList<TestRun>> RunAsync(IReadOnlyList<TestAssembly> assemblies, string? method, CancellationToken ct)
    {
        var results = Path.Combine(repository.Root, "artifacts", "test-results");
        Directory.CreateDirectory(results);
        var runner = new TestRunner(results, method);
        var runs = new ConcurrentDictionary<string, TestRun>(StringComparer.Ordinal);
        await TwoAtATimeAsync(assemblies.Where(a => !a.StartsFleets));
        await TwoAtATimeAsync(assemblies.Where(a => a.StartsFleets));
        return [.. assemblies.Select(a => runs[a.Name])];

        // Fleets wait for themselves most of the time; more than two, and tests would see how slow the machine is.
        Task TwoAtATimeAsync(IEnumerable<TestAssembly> some) => Parallel.ForEachAsync(
            some, new ParallelOptions { MaxDegreeOfParallelism = 2, CancellationToken = ct },
            async (assembly, stop) => runs[assembly.Name] = Tell(await runner.RunAsync(assembly, stop)));
    }

    private TestRun Tell(TestRun run)
    {
        if (run.Failures is { } failures)
        {
            screen.Say(failures);
        }
        else
        {
            screen.Messages.MarkupLine($"[green]✔[/] {run.Assembly}");
        }

        return run;
    }

    private void Report(IReadOnlyList<TestRun> runs)
    {
        var table = new Table().NoBorder();
        table.AddColumn("ASSEMBLY");
        foreach (var column in new[] { "PASSED", "FAILED", "SKIPPED", "SECONDS" })
        {
            table.AddColumn(new TableColumn(column).RightAligned());
        }

        foreach (var r in runs)
        {
            table.AddRow(r.Assembly, $"{r.Passed}", r.Failed == 0 ? "0" : $"[red]{r.Failed}[/]", $"{r.Skipped}", $"{r.Took.TotalSeconds:0.0}");
        }

        screen.Messages.WriteLine();
        screen.Messages.Write(table);
    }

    private int Verdict(IReadOnlyList<TestRun> runs)
    {
        var (passed, failed, skipped) = (runs.Sum(r => r.Passed), runs.Sum(r => r.Failed), runs.Sum(r => r.Skipped));
        var isShort = skipped > 0 && IsUnattended;
        if (isShort)
        {
            screen.Say($"argosy: {skipped} tests were left out, and {ContinuousIntegration} is set: that fails the build");
        }

        if (passed + failed == 0)
        {
            throw new Refusal($"no test has {filter} in its name");
        }

        screen.Print($"{passed} passed, {failed} failed{(skipped > 0 ? $", {skipped} skipped" : "")}");
        return failed > 0 || isShort ? ExitCodes.Failed : ExitCodes.Done;
    }
}

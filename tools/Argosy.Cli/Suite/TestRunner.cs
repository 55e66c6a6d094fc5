using System.Diagnostics;
using System.Text;
using Argosy.Cli.Processes;

namespace Argosy.Cli.Suite;

/// <summary>Runs one test assembly as a process of its own, with a deadline.</summary>
internal sealed class TestRunner(string resultFolder, string? method)
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(40);
    private const int ShownCharacters = 40_000;

    public async Task<TestRun> RunAsync(TestAssembly assembly, CancellationToken ct)
    {
        var report = Path.Combine(resultFolder, assembly.Name + ".xml");
        File.Delete(report);
        var began = Stopwatch.StartNew();
        var (exitCode, output) = await ExecuteAsync(assembly, report, ct);
        await File.WriteAllTextAsync(Path.ChangeExtension(report, ".log"), output, ct);

        var run = TestRun.Read(assembly.Name, report, began.Elapsed);
        return run switch
        {
            null => Broken(assembly, exitCode is null ? $"didn't end within {Limit.TotalMinutes:0} minutes" : $"ended with exit code {exitCode} and no results", output, began.Elapsed),
            { Ran: 0 } when method is null => Broken(assembly, "has no tests", output, began.Elapsed),
            { Failed: 0 } when exitCode is not 0 => Broken(assembly, $"passed its tests and ended with exit code {exitCode}", output, began.Elapsed, run.Passed),
            { Failed: > 0 } => run with { Failures = Shown(output) },
            _ => run,
        };
    }

    private async Task<(int? ExitCode, string Output)> ExecuteAsync(TestAssembly assembly, string report, CancellationToken ct)
    {
        var start = new ProcessStartInfo(DotnetHost.Path, [assembly.Path, "-noColor", "-noLogo", "-xml", report])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["ARGOSY_E2E_UP"] = assembly.Up;
        foreach (var (name, value) in ShortLives.Environment)
        {
            start.Environment.TryAdd(name, value);
        }

        if (assembly.Only is { } only)
        {
            start.ArgumentList.Add("-trait");
            start.ArgumentList.Add($"on={only}");
        }

        foreach (var other in assembly.Without)
        {
            start.ArgumentList.Add("-trait-");
            start.ArgumentList.Add($"on={other}");
        }

        if (method is not null)
        {
            start.ArgumentList.Add("-method");
            start.ArgumentList.Add($"*{method}*");
        }

        var output = new StringBuilder();
        using var process = Process.Start(start)!;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(Limit);
        try
        {
            process.OutputDataReceived += Keep;
            process.ErrorDataReceived += Keep;
            process.BeginOutputReadLine();
            process.BeginErrorReadLine();
            process.StandardInput.Close();
            await process.WaitForExitAsync(limit.Token);
            return (process.ExitCode, Text());
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            ct.ThrowIfCancellationRequested();
            return (null, Text());
        }

        void Keep(object sender, DataReceivedEventArgs line)
        {
            lock (output)
            {
                output.AppendLine(line.Data);
            }
        }

        string Text()
        {
            lock (output)
            {
                return output.ToString();
            }
        }
    }

    private static TestRun Broken(TestAssembly assembly, string how, string output, TimeSpan took, int passed = 0) =>
        new(assembly.Name, passed, 1, 0, took) { Failures = $"{assembly.Name} {how}\n{Shown(output)}" };

    // A failure is printed fully; a runaway loop of output isn't.
    private static string Shown(string output) => output.Length <= ShownCharacters ? output.Trim() : $"…{output[^ShownCharacters..].TrimEnd()}";
}

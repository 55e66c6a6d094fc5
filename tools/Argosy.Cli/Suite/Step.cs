using System.Diagnostics;
using Argosy.Cli.Processes;
using Argosy.Cli.Terminal;
using Spectre.Console;

namespace Argosy.Cli.Suite;

/// <summary>A command that has to succeed before any test is run; what it says is shown only when it doesn't.</summary>
internal sealed record Step(string Name, IReadOnlyList<string> Arguments, string Advice)
{
    public string Program { get; init; } = DotnetHost.Path;

    public async Task RunAsync(string folder, Screen screen, CancellationToken ct)
    {
        var began = Stopwatch.StartNew();
        var start = new ProcessStartInfo(Program, Arguments)
        {
            WorkingDirectory = folder,
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        try
        {
            process.StandardInput.Close();
            var said = await Task.WhenAll(process.StandardOutput.ReadToEndAsync(ct), process.StandardError.ReadToEndAsync(ct));
            await process.WaitForExitAsync(ct);
            if (process.ExitCode != 0)
            {
                var lines = string.Concat(said).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.TrimEnd()).Distinct(StringComparer.Ordinal);
                screen.Say(string.Join('\n', lines));
                throw new Refusal($"{Name} failed; {Advice}");
            }

            screen.Messages.MarkupLine($"[green]✔[/] {Name,-12} {began.Elapsed.TotalSeconds,6:0.0} s");
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }
}

using System.Diagnostics;
using System.Text;

namespace Argosy.E2E;

/// <summary>What a command printed and how it ended.</summary>
internal sealed record Ended(int ExitCode, string Output, string Errors)
{
    public override string ToString() => $"exit code {ExitCode}\n{Output}\n{Errors}";
}

/// <summary>Runs <c>./argosy</c> and other commands as a person would.</summary>
internal static class Launcher
{
    public static string Root { get; } = FindRoot();

    /// <summary>A program of ours, built as these tests are.</summary>
    public static string DllOf(string assembly) => Path.Combine(Root, "artifacts", "bin", assembly, Path.GetFileName(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar)), $"{assembly}.dll");

    /// <summary><c>./argosy ARGUMENTS</c>, on what is built.</summary>
    public static Task<Ended> ArgosyAsync(TimeSpan within, params string[] arguments) =>
        RunAsync(within, Environment(), Path.Combine(Root, "argosy"), arguments);

    /// <summary>The same with more in its environment, which the processes it starts inherit.</summary>
    public static Task<Ended> ArgosyAsync(TimeSpan within, IReadOnlyDictionary<string, string> more, params string[] arguments) =>
        RunAsync(within, Environment().Concat(more).ToDictionary(StringComparer.Ordinal), Path.Combine(Root, "argosy"), arguments);

    /// <summary>A script in bash, in the repository's root.</summary>
    public static Task<Ended> BashAsync(TimeSpan within, string script) => RunAsync(within, Environment(), "bash", ["-eu", "-c", script]);

    /// <summary>A program with an environment of its own.</summary>
    public static async Task<Ended> RunAsync(TimeSpan within, IReadOnlyDictionary<string, string> environment, string program, params string[] arguments)
    {
        using var process = new Process { StartInfo = new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, WorkingDirectory = Root } };
        foreach (var (name, value) in environment)
        {
            process.StartInfo.Environment[name] = value;
        }

        var (output, errors) = (new StringBuilder(), new StringBuilder());
        process.OutputDataReceived += (_, line) => Append(output, line.Data);
        process.ErrorDataReceived += (_, line) => Append(errors, line.Data);
        process.Start();
        process.StandardInput.Close();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        using var deadline = new CancellationTokenSource(within);
        try
        {
            // Waits for the process and not for its streams: a fleet that was started in the background inherits nothing it should not.
            await process.WaitForExitAsync(deadline.Token);
        }
        catch (OperationCanceledException e)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{program} {string.Join(' ', arguments)} did not end within {within.TotalSeconds:0} s:\n{output}\n{errors}", e);
        }

        return new Ended(process.ExitCode, output.ToString(), errors.ToString());
    }

    // The test run has built everything: the launcher must not build again beside it.
    private static Dictionary<string, string> Environment() => new(StringComparer.Ordinal) { ["NO_COLOR"] = "1" };

    private static void Append(StringBuilder text, string? line)
    {
        if (line is not null)
        {
            lock (text)
            {
                text.AppendLine(line);
            }
        }
    }

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Argosy.slnx")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new InvalidOperationException($"Argosy.slnx is in no folder above {AppContext.BaseDirectory}.");
    }
}

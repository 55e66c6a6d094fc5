using System.Diagnostics;

namespace Argosy.Performance;

/// <summary>Runs <c>./argosy</c> as a person would.</summary>
internal static class Launcher
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    public static string Root { get; } = FindRoot();

    public static string Dll(string project) => Path.Combine(Root, "artifacts", "bin", project, "release", $"{project}.dll");

    /// <summary>Runs the built launcher and gives what it printed; throws <see cref="InvalidOperationException"/> with its words when it fails.</summary>
    public static async Task<string> RunAsync(CancellationToken cancellation, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("dotnet", [Dll("Argosy.Cli"), .. arguments])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            WorkingDirectory = Root,
        })!;
        process.StandardInput.Close();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(Limit);
        var said = await Task.WhenAll(process.StandardOutput.ReadToEndAsync(limit.Token), process.StandardError.ReadToEndAsync(limit.Token));
        await process.WaitForExitAsync(limit.Token);
        return process.ExitCode == 0
            ? said[0]
            : throw new InvalidOperationException($"./argosy {string.Join(' ', arguments)} ended with {process.ExitCode}:\n{said[0]}{said[1]}");
    }

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Argosy.slnx")))
        {
            folder = folder.Parent ?? throw new InvalidOperationException($"Argosy.slnx is in no folder above {AppContext.BaseDirectory}.");
        }

        return folder.FullName;
    }
}

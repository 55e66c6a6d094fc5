using System.Diagnostics;
using Argosy.Cli.Processes;

namespace Argosy.Cli.Engines;

/// <summary>Programs that are none of ours: where they are, how they are run once, and how they are kept on a leash.</summary>
internal static class ForeignProgram
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    // Our own processes read the end of their standard input and go. For others this shell does: its input ends when the launcher
    // does, however that happened, and then, or when it is told to end, it ends what it has started and goes with that one's code.
    // The reader of its input outlives it: a shell that is killed leaves nothing behind either.
    private const string Leash =
        """
        exec 3<&0
        end=$0
        "$@" </dev/null & child=$!
        trap 'kill -$end $child 2>/dev/null' TERM
        (cat <&3 >/dev/null; kill -$end $child 2>/dev/null) & watch=$!
        while :; do wait $child; code=$?; kill -0 $child 2>/dev/null || break; done
        kill $watch 2>/dev/null
        exit $code
        """;

    /// <param name="end">The signal by which it ends at once and in good order, whoever is connected.</param>
    /// <param name="command">What to run.</param>
    public static IReadOnlyList<string> Leashed(string end, params IReadOnlyList<string> command) => ["/bin/sh", "-c", Leash, end, .. command];

    /// <summary>On the PATH, or in one of the folders where packages put what is not for the PATH; null where it isn't.</summary>
    public static string? Find(string program, params IEnumerable<string> folders) =>
        folders.Concat((Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator))
            .Where(folder => folder.Length > 0).Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);

    /// <summary>Runs it to its end; throws a sentence with its words where that isn't a good one.</summary>
    public static async Task RunAsync(string input, IReadOnlyDictionary<string, string?> environment, IReadOnlyList<string> command, CancellationToken ct)
    {
        var start = new ProcessStartInfo(command[0], command.Skip(1))
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(Limit);
        string[] words;
        try
        {
            var said = Task.WhenAll(process.StandardOutput.ReadToEndAsync(limit.Token), process.StandardError.ReadToEndAsync(limit.Token));
            await process.StandardInput.WriteAsync(input.AsMemory(), limit.Token);
            process.StandardInput.Close();
            words = await said;
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            ct.ThrowIfCancellationRequested();
            throw new Refusal($"{command[0]} did not end within {Limit.TotalSeconds:0} s and was killed");
        }

        if (process.ExitCode != 0)
        {
            throw new Refusal($"{command[0]} ended with exit code {process.ExitCode}: {string.Concat(words).Trim()}");
        }
    }
}

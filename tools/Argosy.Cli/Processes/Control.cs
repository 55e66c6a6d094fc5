using System.IO.Pipes;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Argosy.Cli.Processes;

internal enum ControlVerb
{
    Status,
    Restart,
    Stop,
}

internal sealed record ControlRequest(ControlVerb Verb, string? Process = null);

/// <param name="Error">Why it wasn't done; null when it was.</param>
/// <param name="Launcher">The launcher's own process.</param>
/// <param name="Started">After how long all processes were ready for the first time; null before.</param>
/// <param name="Processes">How they are now.</param>
/// <param name="Engines">What they stand on.</param>
/// <param name="Stopped">After a stop: how it went.</param>
internal sealed record ControlReply(
    string? Error, int Launcher, TimeSpan? Started, IReadOnlyList<ProcessStatus> Processes, EngineNote Engines, StopSummary? Stopped = null);

/// <param name="Description">What services stand on, for people.</param>
/// <param name="Missing">A sentence for each server that was wanted and isn't here.</param>
internal sealed record EngineNote(string Description, IReadOnlyList<string> Missing);

/// <summary>
/// How the other verbs talk to the launcher that runs: a pipe that only this user may open, one line of JSON each way.
/// </summary>
internal static class ControlPipe
{
    // A socket's path has 108 bytes on Linux and 104 on macOS, the terminating zero included.
    private const int LongestSocketPath = 100;

    public static string NameFor(DataFolder data)
    {
        var path = Path.Combine(data.Root, "control.sock");
        var digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(data.Root)))[..24];
        return OperatingSystem.IsWindows() ? $"argosy-{digest}"
            : Encoding.UTF8.GetByteCount(path) <= LongestSocketPath ? path
            : $"/tmp/argosy-{digest}.sock";
    }

    public static async Task<ControlRequest?> ReadRequestAsync(PipeStream pipe, CancellationToken ct)
    {
        using var reader = new StreamReader(pipe, leaveOpen: true);
        var line = await reader.ReadLineAsync(ct);
        return line is null ? null : JsonSerializer.Deserialize(line, CliJson.Default.ControlRequest);
    }

    public static async Task WriteLineAsync(PipeStream pipe, string json, CancellationToken ct) =>
        await pipe.WriteAsync(Encoding.UTF8.GetBytes(json + "\n"), ct);
}

/// <summary>Asks the launcher of a data folder for something.</summary>
internal sealed class ControlClient(DataFolder data)
{
    private static readonly TimeSpan ConnectWithin = TimeSpan.FromSeconds(2);

    /// <summary>Null when no launcher is there to answer.</summary>
    public async Task<ControlReply?> AskAsync(ControlRequest request, CancellationToken ct)
    {
        var pipe = new NamedPipeClientStream(".", ControlPipe.NameFor(data), PipeDirection.InOut, PipeOptions.Asynchronous | PipeOptions.CurrentUserOnly);
        await using (pipe)
        {
            try
            {
                await pipe.ConnectAsync(File.Exists(data.Supervisor) ? ConnectWithin : TimeSpan.Zero, ct);
                await ControlPipe.WriteLineAsync(pipe, JsonSerializer.Serialize(request, CliJson.Default.ControlRequest), ct);
                using var reader = new StreamReader(pipe, leaveOpen: true);
                var line = await reader.ReadLineAsync(ct);
                return line is null ? null : JsonSerializer.Deserialize(line, CliJson.Default.ControlReply);
            }
            catch (Exception e) when (e is TimeoutException or IOException)
            {
                return null;
            }
        }
    }
}

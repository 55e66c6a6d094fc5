using System.Diagnostics;

namespace Argosy.Cli.Processes;

/// <summary>
/// Ends what a launcher left behind that was killed itself. Processes end on their own when its pipe closes; this is for the one
/// that hangs.
/// </summary>
internal static class Leftovers
{
    /// <summary>Returns the names of those that were still there. The caller holds the fleet's lock.</summary>
    public static async Task<IReadOnlyList<string>> EndAsync(DataFolder data, TimeSpan grace, CancellationToken ct)
    {
        var file = new StateFile(data.State);
        if (file.Read() is not { } state)
        {
            return [];
        }

        var writtenAt = File.GetLastWriteTimeUtc(data.State);
        var ended = await Task.WhenAll(state.Processes.Where(p => p.Pid is not null).Select(p => EndAsync(p, writtenAt, grace, ct)));
        file.Remove();
        return [.. ended.OfType<string>()];
    }

    private static async Task<string?> EndAsync(ProcessEntry entry, DateTime writtenAt, TimeSpan grace, CancellationToken ct)
    {
        using var process = Find(entry.Pid!.Value, writtenAt);
        if (process is null)
        {
            return null;
        }

        if (!OperatingSystem.IsWindows())
        {
            Unix.Signal(process.Id, Unix.SigTerm);
        }

        try
        {
            await process.WaitForExitAsync(ct).WaitAsync(grace, ct);
        }
        catch (TimeoutException)
        {
            process.Kill();
            await process.WaitForExitAsync(ct);
        }

        return entry.Name;
    }

    /// <summary>Numbers are used again: a process that began after the file was last written isn't the one that the file means.</summary>
    public static Process? Find(int pid, DateTime writtenAt)
    {
        try
        {
            var process = Process.GetProcessById(pid);
            if (process.StartTime.ToUniversalTime() <= writtenAt.AddSeconds(1))
            {
                return process;
            }

            process.Dispose();
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            // it has ended, or belongs to somebody else
        }

        return null;
    }
}

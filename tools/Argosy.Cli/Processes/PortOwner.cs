using System.Diagnostics;
using System.Globalization;

namespace Argosy.Cli.Processes;

/// <summary>Who listens on a port, as far as the system tells: <c>/proc</c> on Linux, <c>lsof</c> on macOS.</summary>
internal static class PortOwner
{
    private const string Listening = "0A";
    private const int LongestCommand = 60;
    private static readonly TimeSpan LsofLimit = TimeSpan.FromSeconds(2);

    public static string Describe(int port)
    {
        var owner = OperatingSystem.IsLinux() ? FromProc(port) : OperatingSystem.IsMacOS() ? FromLsof(port) : null;
        return owner ?? "another program";
    }

    private static string? FromProc(int port)
    {
        var inodes = new[] { "/proc/net/tcp", "/proc/net/tcp6" }.Where(File.Exists).SelectMany(File.ReadLines)
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(f => f.Length > 9 && f[3] == Listening && PortOf(f[1]) == port)
            .Select(f => $"socket:[{f[9]}]")
            .ToHashSet(StringComparer.Ordinal);
        var holder = Directory.EnumerateDirectories("/proc").FirstOrDefault(folder => HoldsAny(folder, inodes));
        return holder is null ? null : $"pid {Path.GetFileName(holder)} ({CommandOf(holder)})";
    }

    private static int? PortOf(string address) =>
        int.TryParse(address.AsSpan(address.LastIndexOf(':') + 1), NumberStyles.HexNumber, null, out var port) ? port : null;

    private static bool HoldsAny(string process, HashSet<string> sockets)
    {
        if (!char.IsAsciiDigit(Path.GetFileName(process)[0]))
        {
            return false;
        }

        try
        {
            return Directory.EnumerateFileSystemEntries(Path.Combine(process, "fd"))
                .Any(fd => new FileInfo(fd).LinkTarget is { } target && sockets.Contains(target));
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            return false; // another user's process, or one that has just ended: nothing to be seen there
        }
    }

    private static string CommandOf(string process)
    {
        try
        {
            // Words end with NUL, and some programs are given whole scripts with line ends in them.
            var command = string.Concat(File.ReadAllText(Path.Combine(process, "cmdline")).Select(c => char.IsControl(c) ? ' ' : c)).Trim();
            return command.Length > LongestCommand ? string.Concat(command.AsSpan(0, LongestCommand), "…") : command;
        }
        catch (IOException)
        {
            return "ended meanwhile";
        }
    }

    private static string? FromLsof(int port)
    {
        try
        {
            var command = new ProcessStartInfo("lsof", ["-nP", $"-iTCP:{port}", "-sTCP:LISTEN", "-Fpc"])
            {
                UseShellExecute = false,
                RedirectStandardOutput = true,
            };
            using var lsof = Process.Start(command);
            if (lsof is null || !lsof.WaitForExit(LsofLimit))
            {
                return null;
            }

            var fields = lsof.StandardOutput.ReadToEnd().Split('\n');
            var pid = fields.FirstOrDefault(f => f.StartsWith('p'));
            var program = fields.FirstOrDefault(f => f.StartsWith('c'));
            return pid is null ? null : $"pid {pid[1..]} ({program?[1..]})";
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null; // no lsof here
        }
    }
}

using System.Diagnostics;
using System.Globalization;

namespace Argosy.Chassis.Store;

/// <summary>
/// Named points at which a test may end the process with SIGKILL: <c>ARGOSY_FAILPOINT=name[:hit]</c>, hit counting from 1, or
/// <c>ARGOSY_FAILPOINT=@FILE</c>. The file's first line is the point, read anew whenever one is passed, so that a process that runs can
/// be armed; hits count from when that line was first seen. Whoever dies there first moves the line to the end of <c>FILE.died</c>:
/// each line ends one life. Unset, a point costs one comparison of a static field.
/// </summary>
public static class Failpoints
{
    private static readonly string? Setting = Environment.GetEnvironmentVariable("ARGOSY_FAILPOINT") is { Length: > 0 } setting ? setting : null;
    private static readonly Lock Gate = new();
    private static (string Line, DateTime Since) _armed;
    private static int _hits;

    /// <summary>Passes the point, or does not.</summary>
    public static void Hit(string name)
    {
        if (Setting is { } setting)
        {
            Check(name, setting);
        }
    }

    private static void Check(string name, string setting)
    {
        var file = setting[0] == '@' ? setting[1..] : null;
        lock (Gate)
        {
            var lines = file is null ? [setting] : Read(file);
            if (lines.Length == 0)
            {
                return;
            }

            var armed = (lines[0], file is null ? default : File.GetLastWriteTimeUtc(file));
            (_armed, _hits) = (armed, armed == _armed ? _hits : 0);
            var point = Parse(lines[0]);
            if (string.Equals(name, point.Name, StringComparison.Ordinal) && ++_hits == point.Hit)
            {
                Take(file, lines);
                Die();
            }
        }
    }

    // Whoever disarms deletes the file, also between a look whether it is there and a look into it. Most points find none, which is to cost no exception.
    private static string[] Read(string file)
    {
        try
        {
            return File.Exists(file) ? File.ReadAllLines(file) : [];
        }
        catch (FileNotFoundException)
        {
            return [];
        }
    }

    private static (string Name, int Hit) Parse(string line)
    {
        var colon = line.LastIndexOf(':');
        return colon > 0 && int.TryParse(line.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var hit) && hit > 0
            ? (line[..colon], hit)
            : (line, 1);
    }

    private static void Take(string? file, string[] lines)
    {
        if (file is not null)
        {
            File.AppendAllLines(file + ".died", [lines[0]]);
            File.WriteAllLines(file + ".next", lines[1..]);
            File.Move(file + ".next", file, overwrite: true);
        }
    }

    private static void Die()
    {
        // On Unix this is SIGKILL: no handler, no finally, no flush.
        using var self = Process.GetCurrentProcess();
        self.Kill();
        using var never = new ManualResetEventSlim();
        never.Wait();
    }
}

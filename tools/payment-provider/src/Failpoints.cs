using System.Diagnostics;

namespace Argosy.PaymentProvider;

/// <summary>
/// Named places where <c>ARGOSY_FAILPOINT=name[:hit]</c> ends this process with SIGKILL, on the hit-th arrival
/// (the first by default): <c>books.commit.before</c>, <c>books.commit.after</c>, <c>answer.before</c>. With
/// <c>ARGOSY_FAILPOINT=@FILE</c> the first line of the file says which, at any time; whoever dies there first moves it to the end of
/// <c>FILE.died</c>.
/// </summary>
internal static class Failpoints
{
    private static readonly string? Setting = Environment.GetEnvironmentVariable("ARGOSY_FAILPOINT") is { Length: > 0 } setting ? setting : null;
    private static readonly Lock Gate = new();
    private static (string Line, DateTime Since) _armed;
    private static int _hits;

    public static void Hit(string name)
    {
        if (Setting is not { } setting)
        {
            return;
        }

        var file = setting[0] == '@' ? setting[1..] : null;
        lock (Gate)
        {
            string[] lines = file is null ? [setting] : File.Exists(file) ? File.ReadAllLines(file) : [];
            if (lines.Length == 0)
            {
                return;
            }

            var armed = (lines[0], file is null ? default : File.GetLastWriteTimeUtc(file));
            (_armed, _hits) = (armed, armed == _armed ? _hits : 0);
            var (point, hit) = Parse(lines[0]);
            if (name == point && ++_hits == hit)
            {
                Take(file, lines);
                Process.GetCurrentProcess().Kill();
                new ManualResetEventSlim().Wait(); // the signal is on its way; nothing may happen after this point
            }
        }
    }

    private static (string, int) Parse(string line)
    {
        var parts = line.Split(':');
        return (parts[0], parts.Length > 1 && int.TryParse(parts[1], out var hit) ? hit : 1);
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
}

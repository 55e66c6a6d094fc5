using System.Diagnostics;
using System.Globalization;

namespace Argosy.Chassis.Store;

/// <summary>
/// Named points at which a test may end the process with SIGKILL: <c>ARGOSY_FAILPOINT=name[:hit]</c>, hit counting from 1.
/// Unset, a point costs one comparison of a static field.
/// </summary>
public static class Failpoints
{
    private static readonly (string Name, int Hit)? Armed = Parse(Environment.GetEnvironmentVariable("ARGOSY_FAILPOINT"));
    private static int _hits;

    /// <summary>Passes the point, or does not.</summary>
    public static void Hit(string name)
    {
        if (Armed is { } armed)
        {
            Check(name, armed);
        }
    }

    private static (string Name, int Hit)? Parse(string? setting)
    {
        if (string.IsNullOrEmpty(setting))
        {
            return null;
        }

        var colon = setting.LastIndexOf(':');
        return colon > 0 && int.TryParse(setting.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var hit) && hit > 0
            ? (setting[..colon], hit)
            : (setting, 1);
    }

    private static void Check(string name, (string Name, int Hit) armed)
    {
        if (string.Equals(name, armed.Name, StringComparison.Ordinal) && Interlocked.Increment(ref _hits) == armed.Hit)
        {
            // On Unix this is SIGKILL: no handler, no finally, no flush.
            using var self = Process.GetCurrentProcess();
            self.Kill();
            using var never = new ManualResetEventSlim();
            never.Wait();
        }
    }
}

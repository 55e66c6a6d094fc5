using System.Diagnostics;
using System.Globalization;

namespace Argosy.Chassis.Store;

/// <summary>
/// Named points at which a test may end the process with SIGKILL: <c>ARGOSY_FAILPOINT=name[:hit]</c>, hit counting from 1.
/// Unset, a point costs one comparison of a static field.
/// </summary>
public static class Failpoints
{
    private static readonly string? Armed;
    private static readonly int At = 1;
    private static int hits;

    static Failpoints()
    {
        var setting = Environment.GetEnvironmentVariable("ARGOSY_FAILPOINT");
        if (string.IsNullOrEmpty(setting))
        {
            return;
        }

        var colon = setting.LastIndexOf(':');
        if (colon > 0 && int.TryParse(setting.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var at) && at > 0)
        {
            (Armed, At) = (setting[..colon], at);
        }
        else
        {
            Armed = setting;
        }
    }

    /// <summary>Passes the point, or does not.</summary>
    public static void Hit(string name)
    {
        if (Armed is not null)
        {
            Check(name);
        }
    }

    private static void Check(string name)
    {
        if (string.Equals(name, Armed, StringComparison.Ordinal) && Interlocked.Increment(ref hits) == At)
        {
            // On Unix this is SIGKILL: no handler, no finally, no flush.
            using var self = Process.GetCurrentProcess();
            self.Kill();
            using var never = new ManualResetEventSlim();
            never.Wait();
        }
    }
}

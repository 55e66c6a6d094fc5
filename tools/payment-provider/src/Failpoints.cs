using System.Diagnostics;

namespace Argosy.PaymentProvider;

/// <summary>
/// Named places where <c>ARGOSY_FAILPOINT=name[:hit]</c> ends this process with SIGKILL, on the hit-th arrival
/// (the first by default): <c>books.commit.before</c>, <c>books.commit.after</c>, <c>answer.before</c>.
/// </summary>
internal static class Failpoints
{
    private static readonly (string Name, int Hit) Armed = Parse(Environment.GetEnvironmentVariable("ARGOSY_FAILPOINT"));
    private static int _hits;

    public static void Hit(string name)
    {
        if (Armed.Name == name && Interlocked.Increment(ref _hits) == Armed.Hit)
        {
            Process.GetCurrentProcess().Kill();
            new ManualResetEventSlim().Wait(); // the signal is on its way; nothing may happen after this point
        }
    }

    private static (string, int) Parse(string? setting)
    {
        var parts = (setting ?? "").Split(':');
        return (parts[0], parts.Length > 1 && int.TryParse(parts[1], out var hit) ? hit : 1);
    }
}

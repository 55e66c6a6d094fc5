namespace Argosy.Cli.Demo;

/// <summary>Milliseconds at the usual percentiles, by nearest rank: each is a latency that somebody really had.</summary>
internal sealed record Latency(double P50, double P95, double P99)
{
    public static Latency? Of(IEnumerable<TimeSpan?> samples)
    {
        var sorted = samples.OfType<TimeSpan>().Select(s => s.TotalMilliseconds).Order().ToArray();
        return sorted.Length == 0 ? null : new Latency(At(sorted, 0.50), At(sorted, 0.95), At(sorted, 0.99));
    }

    private static double At(double[] sorted, double fraction) => sorted[Math.Max(0, (int)Math.Ceiling(fraction * sorted.Length) - 1)];
}

namespace Argosy.Cli.Processes;

/// <summary>How long the supervisor waits for what.</summary>
internal sealed record SupervisionPolicy
{
    private static readonly TimeSpan FirstRestart = TimeSpan.FromSeconds(0.2);
    private static readonly TimeSpan LongestRestart = TimeSpan.FromSeconds(15);

    /// <summary>From start to ready, per process.</summary>
    public TimeSpan ReadyWithin { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>From SIGTERM to SIGKILL: longer than a service drains (2 s, where it has several instances) and its host may take to stop (8 s).</summary>
    public TimeSpan StopWithin { get; init; } = TimeSpan.FromSeconds(12);

    /// <summary>A process that lived this long after being ready has forgotten its earlier crashes; with zero, each crash is the first.</summary>
    public TimeSpan StableAfter { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// 0.2, 1, 2, 4, 8, 15, 15… seconds: the first is quick, since most crashes are single ones and orders wait; and there is no
    /// last one, since the launcher can't know that what broke stays broken.
    /// </summary>
    public static TimeSpan RestartDelay(int crashesInARow) => crashesInARow switch
    {
        <= 1 => FirstRestart,
        > 5 => LongestRestart,
        _ => TimeSpan.FromSeconds(Math.Pow(2, crashesInARow - 2)),
    };
}

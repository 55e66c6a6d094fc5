namespace Argosy.Cli.Processes;

internal enum ProcessState
{
    /// <summary>Started, not yet ready.</summary>
    Starting,

    /// <summary>It has said that it is ready, and hasn't ended since.</summary>
    Running,

    /// <summary>It ended by itself and is started again shortly.</summary>
    Backoff,

    /// <summary>It never got ready; the fleet doesn't start without it.</summary>
    Failed,

    /// <summary>Ended because it was asked to.</summary>
    Stopped,
}

/// <summary>What the supervisor knows of a process right now.</summary>
internal sealed record ProcessStatus(string Name, ProcessState State, int? Pid, int Port, string Url)
{
    /// <summary>Since when this life of the process goes on.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>From its start to its first 200 on <c>/ready</c>.</summary>
    public double? ReadySeconds { get; init; }

    /// <summary>How often it ended by itself and was started again.</summary>
    public int Restarts { get; init; }

    public string? LastExit { get; init; }

    /// <summary>Filled by <c>status</c>: what <c>/ready</c> answers at this moment.</summary>
    public string? Health { get; init; }
}

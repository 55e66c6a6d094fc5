using Argosy.Cli;
using Argosy.FaultLab.Fleets;

namespace Argosy.FaultLab.Nemesis;

/// <summary>SIGKILL, once; over when it is ready again.</summary>
internal sealed record Kill(string Process) : IFault
{
    public string What => "kill";

    public string Whom => Process;

    public IReadOnlyList<string> Touches => [Process];

    public async Task InflictAsync(LabFleet fleet, CancellationToken end)
    {
        if (!fleet.Kill(Process))
        {
            throw new InVainException("it wasn't running");
        }

        await fleet.ReadyAsync(Process, end);
    }
}

/// <summary>SIGSTOP, and SIGCONT later: it comes back and doesn't know that it was away.</summary>
internal sealed record Halt(string Process) : IFault
{
    public string What => "stop";

    public string Whom => Process;

    public IReadOnlyList<string> Touches => [Process];

    public async Task InflictAsync(LabFleet fleet, CancellationToken end)
    {
        var halted = fleet.Halt(Process);
        if (halted.Count == 0)
        {
            throw new InVainException("it wasn't running");
        }

        try
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, end);
        }
        finally
        {
            LabFleet.Continue(halted);
        }
    }
}

/// <summary>SIGKILL whenever it has come so far: also while it starts, recovers, or hasn't yet said that it is ready.</summary>
internal sealed record RestartLoop(string Process, TimeSpan Between) : IFault
{
    public string What => "restart loop";

    public string Whom => Process;

    public IReadOnlyList<string> Touches => [Process];

    public async Task InflictAsync(LabFleet fleet, CancellationToken end)
    {
        while (true)
        {
            fleet.Kill(Process);
            await Task.Delay(Between, end);
        }
    }
}

/// <summary>Ended in good order and started again: what an operator does with a server.</summary>
internal sealed record Restart(string Process) : IFault
{
    public string What => "restart";

    public string Whom => Process;

    public IReadOnlyList<string> Touches => [Process];

    public async Task InflictAsync(LabFleet fleet, CancellationToken end)
    {
        try
        {
            // Not to be cut short: a restart that has begun is carried to its end by the supervisor anyway.
            await fleet.RestartAsync(Process, CancellationToken.None);
        }
        catch (Refusal)
        {
            // it died on the way, and the supervisor goes on trying
        }
    }
}

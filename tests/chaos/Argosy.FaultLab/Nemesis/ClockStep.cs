using System.Globalization;
using Argosy.FaultLab.Fleets;

namespace Argosy.FaultLab.Nemesis;

/// <summary>A process's clock is set to another time, and later back: it sees a step twice, in both directions.</summary>
internal sealed record ClockStep(string Process, int Seconds) : IFault
{
    public string What => string.Create(CultureInfo.InvariantCulture, $"clock {Seconds:+0;-0} s");

    public string Whom => Process;

    public string Name => string.Create(CultureInfo.InvariantCulture, $"clock of {Process} {Seconds:+0;-0} s");

    public IReadOnlyList<string> Touches => [$"clock of {Process}"];

    public async Task InflictAsync(LabFleet fleet, CancellationToken end)
    {
        var clock = fleet.Clocks[Process];
        clock.Step(TimeSpan.FromSeconds(Seconds));
        try
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, end);
        }
        finally
        {
            clock.Step(TimeSpan.Zero);
        }
    }
}

using System.Globalization;
using Argosy.FaultLab.Fleets;

namespace Argosy.FaultLab.Nemesis;

/// <summary>A fault as it really was.</summary>
internal sealed record Inflicted(Appointment Appointment, DateTimeOffset Began, DateTimeOffset From, DateTimeOffset To)
{
    /// <summary>Waits for its time, does it for as long as it is meant to last, undoes it.</summary>
    public static async Task<Inflicted> KeepAsync(Appointment appointment, LabFleet fleet, DateTimeOffset began, CancellationToken over)
    {
        var time = TimeProvider.System;
        var from = time.GetUtcNow();
        try
        {
            var wait = began + appointment.At - from;
            await Task.Delay(wait > TimeSpan.Zero ? wait : TimeSpan.Zero, over);
            from = time.GetUtcNow();
            using var end = CancellationTokenSource.CreateLinkedTokenSource(over);
            end.CancelAfter(appointment.For);
            await appointment.Fault.InflictAsync(fleet, end.Token);
        }
        catch (OperationCanceledException)
        {
            // that is how it ends
        }

        return new Inflicted(appointment, began, from, time.GetUtcNow());
    }

    public bool Overlaps(Inflicted other) => other != this && From < other.To && other.From < To;

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{(From - Began).TotalSeconds:0.0}–{(To - Began).TotalSeconds:0.0} s {Appointment.Fault.Name}");
}

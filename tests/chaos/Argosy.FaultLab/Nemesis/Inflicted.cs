using System.Globalization;
using Argosy.Checker.History;
using Argosy.FaultLab.Fleets;

namespace Argosy.FaultLab.Nemesis;

/// <summary>A fault as it really was.</summary>
internal sealed record Inflicted(Appointment Appointment, DateTimeOffset Began, DateTimeOffset From, DateTimeOffset To)
{
    /// <summary>Why nothing came of it; null where it was done.</summary>
    public string? InVain { get; private init; }

    /// <summary>Waits for its time, does it for as long as it is meant to last, undoes it; and writes down that it did.</summary>
    public static async Task<Inflicted> KeepAsync(Appointment appointment, LabFleet fleet, HistoryWriter history, DateTimeOffset began, CancellationToken over)
    {
        var time = TimeProvider.System;
        var (fault, from, isBegun) = (appointment.Fault, time.GetUtcNow(), false);
        string? inVain = null;
        try
        {
            var wait = began + appointment.At - from;
            await Task.Delay(wait > TimeSpan.Zero ? wait : TimeSpan.Zero, over);
            from = time.GetUtcNow();
            history.FaultBegins(fault.What, fault.Whom, from);
            isBegun = true;
            using var end = CancellationTokenSource.CreateLinkedTokenSource(over);
            end.CancelAfter(appointment.For);
            await fault.InflictAsync(fleet, end.Token);
        }
        catch (OperationCanceledException)
        {
            // that is how it ends
        }
        catch (InVainException e)
        {
            inVain = e.Message;
        }

        var to = time.GetUtcNow();
        if (isBegun)
        {
            history.FaultEnds(fault.What, fault.Whom, to);
        }

        return new Inflicted(appointment, began, from, to) { InVain = inVain };
    }

    public bool Overlaps(Inflicted other) => other != this && From < other.To && other.From < To;

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{(From - Began).TotalSeconds:0.0}–{(To - Began).TotalSeconds:0.0} s {Appointment.Fault.Name}{(InVain is null ? "" : $", in vain: {InVain}")}");
}

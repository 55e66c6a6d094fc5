using Argosy.FaultLab.Fleets;

namespace Argosy.FaultLab.Nemesis;

/// <summary>Something that is done to a fleet for a while.</summary>
internal interface IFault
{
    /// <summary>What is done, in a word or two.</summary>
    string What { get; }

    /// <summary>To whom: a process, or links.</summary>
    string Whom { get; }

    /// <summary>Both, as results have it.</summary>
    string Name => $"{What} {Whom}";

    /// <summary>What it takes hold of: two faults that share some of it don't happen at once, others may.</summary>
    IReadOnlyList<string> Touches { get; }

    /// <summary>Does it for as long as it isn't told to end, and undoes it before it returns.</summary>
    /// <exception cref="InVainException">Nothing came of it.</exception>
    Task InflictAsync(LabFleet fleet, CancellationToken end);
}

/// <summary>A fault that wasn't, or of which nobody knows whether it was: whom it was to strike was away already, didn't obey, or didn't answer.</summary>
internal sealed class InVainException(string message) : Exception(message);

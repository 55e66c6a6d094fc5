using Argosy.FaultLab.Fleets;

namespace Argosy.FaultLab.Nemesis;

/// <summary>Something that is done to a fleet for a while.</summary>
internal interface IFault
{
    /// <summary>What is done, and to whom, in a few words.</summary>
    string Name { get; }

    /// <summary>What it takes hold of: two faults that share some of it don't happen at once, others may.</summary>
    IReadOnlyList<string> Touches { get; }

    /// <summary>Does it for as long as it isn't told to end, and undoes it before it returns.</summary>
    Task InflictAsync(LabFleet fleet, CancellationToken end);
}

namespace Argosy.FaultLab;

/// <summary>A way to break a fleet, and to see whether it holds: what the lab runs again and again.</summary>
internal interface ITrial
{
    /// <summary>What it is called on the command line and in the results.</summary>
    string Kind { get; }

    /// <summary>Which runs there are: as many as were asked for, or as many as there are cases, each with a number that says all of it.</summary>
    IEnumerable<int> Seeds(int runs);

    /// <summary>Runs one, from a fleet of its own to the checker's verdict.</summary>
    Task<TrialResult> RunAsync(int seed, CancellationToken ct);
}

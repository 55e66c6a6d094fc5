namespace Argosy.FaultLab.Experiments.Probes;

/// <summary>When a probe is asked, in Litmus's words.</summary>
internal enum ProbeMode
{
    /// <summary>Before.</summary>
    SOT,

    /// <summary>Afterwards.</summary>
    EOT,

    /// <summary>Before and afterwards.</summary>
    Edge,

    /// <summary>From before until afterwards, again and again.</summary>
    Continuous,

    /// <summary>While it is done, again and again.</summary>
    OnChaos,
}

/// <summary>A part of the steady state: what is looked at, when, and how patiently.</summary>
internal sealed record Probe(string Name, string Type, ProbeMode Mode, RunProperties Run, ICheck Check);

/// <summary>Litmus's <c>runProperties</c>.</summary>
/// <param name="Timeout">How long one look may take.</param>
/// <param name="Interval">The pause between two looks, where the first didn't find what was expected.</param>
/// <param name="Attempts">So many looks, and one of them has to find it.</param>
/// <param name="Polling">The pause between two times of asking, in modes that ask again and again.</param>
/// <param name="InitialDelay">The pause before it is asked for the first time.</param>
/// <param name="StopOnFailure">Whether its failure aborts the experiment.</param>
internal sealed record RunProperties(TimeSpan Timeout, TimeSpan Interval, int Attempts, TimeSpan Polling, TimeSpan InitialDelay, bool StopOnFailure);

/// <summary>What a probe looks at.</summary>
internal interface ICheck
{
    /// <summary>What has to be found, in a few words.</summary>
    string Expected { get; }

    /// <summary>Looks once.</summary>
    Task<Seen> LookAsync(Surroundings surroundings, CancellationToken ct);
}

/// <summary>What one look has found.</summary>
/// <param name="Holds">Whether it was what was expected.</param>
/// <param name="Actual">What it was.</param>
internal sealed record Seen(bool Holds, string Actual);

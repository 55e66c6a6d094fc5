using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Argosy.FaultLab.Experiments.Files;
using Argosy.FaultLab.Experiments.Probes;

namespace Argosy.FaultLab.Experiments;

/// <summary>Litmus's words for how an experiment ended.</summary>
internal enum Verdict
{
    /// <summary>All probes passed, and afterwards all was well.</summary>
    Pass,

    /// <summary>A probe failed, or something didn't come back, or the books don't add up.</summary>
    Fail,

    /// <summary>It was aborted.</summary>
    Stopped,
}

/// <summary>How one experiment went.</summary>
/// <param name="Engine">Whose it is.</param>
/// <param name="Experiment">Which.</param>
/// <param name="Verdict">The last word.</param>
/// <param name="Probes">What became of each.</param>
/// <param name="Findings">What else was wrong, or by what it was aborted.</param>
internal sealed record ExperimentResult(ChaosEngine Engine, Experiment Experiment, Verdict Verdict, IReadOnlyList<ProbeOutcome> Probes, IReadOnlyList<string> Findings)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public string Name => $"{Engine.Name}-{Experiment.Kind}";

    private int SuccessPercentage => Probes.Count == 0 ? 100 : 100 * Probes.Count(probe => probe.Passed) / Probes.Count;

    /// <summary>One experiment in a line, and what was wrong in lines of its own.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{(Verdict == Verdict.Pass ? '✔' : '✘')} {Engine.Name}: {Experiment.Kind} of {Engine.Target}: {Verdict}, {Probes.Count(probe => probe.Passed)} of {Probes.Count} probes passed")
        + string.Concat(Failures.Select(failure => $"\n    {failure}"));

    /// <summary>What can be said where nobody has held the books against what clients were told: a good verdict is none then.</summary>
    public ExperimentResult WithBooksUnread() =>
        Verdict == Verdict.Pass ? this with { Verdict = Verdict.Stopped, Findings = [.. Findings, "it ended well, and the run was broken off before its books were read"] } : this;

    private IEnumerable<string> Failures => Probes.Where(probe => probe.Failure is not null).Select(probe => $"{probe.Probe.Name} {probe.Failure}").Concat(Findings);

    /// <summary>Writes it as a <c>ChaosResult</c> (litmuschaos.io/v1alpha1), in place of that of an earlier run.</summary>
    public string Write(string folder)
    {
        Directory.CreateDirectory(folder);
        var file = Path.Combine(folder, $"{Name}.json");
        File.WriteAllText(file, JsonSerializer.Serialize(ToResource(), Json) + "\n");
        return file;
    }

    private object ToResource() => new
    {
        ApiVersion = "litmuschaos.io/v1alpha1",
        Kind = "ChaosResult",
        Metadata = new { Name },
        Spec = new { Engine = Engine.Name, Experiment = Experiment.Kind },
        Status = new
        {
            ExperimentStatus = new
            {
                Phase = Verdict == Verdict.Stopped ? "Stopped" : "Completed",
                Verdict = Verdict.ToString(),
                ProbeSuccessPercentage = SuccessPercentage.ToString(CultureInfo.InvariantCulture),
                ErrorOutput = Findings.Count == 0 ? null : new { ErrorCode = "ARGOSY", Reason = string.Join("; ", Findings) },
            },
            ProbeStatuses = Probes.Select(probe => new
            {
                probe.Probe.Name,
                probe.Probe.Type,
                Mode = probe.Probe.Mode.ToString(),
                Status = new
                {
                    Verdict = probe.Passed ? "Passed" : probe.Failure is null ? "N/A" : "Failed",
                    Description = probe.Failure ?? (probe.Asked == 0 ? "never asked" : string.Create(CultureInfo.InvariantCulture, $"expected {probe.Probe.Check.Expected}, and so it was {probe.Asked} times")),
                },
            }),
            History = new
            {
                PassedRuns = Verdict == Verdict.Pass ? 1 : 0,
                FailedRuns = Verdict == Verdict.Fail ? 1 : 0,
                StoppedRuns = Verdict == Verdict.Stopped ? 1 : 0,
                Targets = new[] { new { Name = Engine.Target, Kind = "process", ChaosStatus = "reverted" } },
            },
        },
    };
}

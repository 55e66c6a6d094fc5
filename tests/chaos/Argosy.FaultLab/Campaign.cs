using System.Globalization;
using Argosy.Cli.Terminal;

namespace Argosy.FaultLab;

/// <summary>Every kind of trial, run after run, over as many sittings as it takes: what is in the results isn't run again.</summary>
internal sealed class Campaign(Screen screen, ResultsFile results, int lanes)
{
    /// <summary>True when every run so far held.</summary>
    public async Task<bool> RunAsync(IReadOnlyList<ITrial> trials, int runs, string engines, CancellationToken ct)
    {
        var all = results.Read().Where(r => trials.Any(trial => trial.Kind == r.Kind)).ToList();
        foreach (var trial in trials)
        {
            var missing = trial.Seeds(runs).Except(all.Where(r => r.Kind == trial.Kind && r.Engines == engines).Select(r => r.Seed)).ToList();
            await Parallel.ForEachAsync(missing, new ParallelOptions { MaxDegreeOfParallelism = lanes, CancellationToken = ct }, async (seed, _) =>
            {
                var result = await trial.RunAsync(seed, ct);        // one that cannot start ends no other that is under way
                lock (all)
                {
                    results.Add(result);
                    all.Add(result);
                    screen.Print(Line(result));
                }
            });
        }

        foreach (var kind in all.GroupBy(r => $"{r.Kind} on {r.Engines}", StringComparer.Ordinal))
        {
            screen.Print(Summary(kind.Key, [.. kind]));
        }

        return all.TrueForAll(r => r.Holds);
    }

    /// <summary>One run in a line, and what was found in lines of its own.</summary>
    public static string Line(TrialResult result) => string.Create(CultureInfo.InvariantCulture,
        $"{(result.Holds ? '✔' : '✘')} {result.Kind} {result.Seed} on {result.Engines}: {result.Faults.Count} faults, {result.Operations} operations, {result.Overlapped} of them during a fault, {result.Seconds:0} s")
        + string.Concat(result.Findings.Select(finding => $"\n    {finding}"));

    // No violation in n independent runs bounds the rate at 3/n, with a confidence of 95 % (the rule of three).
    private static string Summary(string kind, IReadOnlyList<TrialResult> runs)
    {
        var broken = runs.Where(r => !r.Holds).Select(r => r.Seed).ToList();
        return string.Create(CultureInfo.InvariantCulture, $"{kind}: {runs.Count} runs, {runs.Sum(r => r.Faults.Count)} faults, {runs.Sum(r => r.Operations)} operations, {runs.Sum(r => r.Overlapped)} during a fault: ")
            + (broken.Count > 0 ? $"broken by seeds {string.Join(", ", broken)}"
                : string.Create(CultureInfo.InvariantCulture, $"no violation, so fewer than {Math.Min(1, 3.0 / runs.Count):P1} of such runs have one"));
    }
}

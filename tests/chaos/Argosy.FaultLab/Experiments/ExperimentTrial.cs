using System.Globalization;
using Argosy.Cli;
using Argosy.Cli.Processes;
using Argosy.Cli.Terminal;
using Argosy.FaultLab.Experiments.Files;
using Argosy.FaultLab.Experiments.Kinds;
using Argosy.FaultLab.Experiments.Probes;
using Argosy.FaultLab.Fleets;
using Argosy.FaultLab.Load;
using Argosy.FaultLab.Nemesis;

namespace Argosy.FaultLab.Experiments;

/// <summary>
/// Experiments, one after the other, on a fleet of their own that clients use all the while:
/// <list type="number">
/// <item>What this machine lacks is refused before anything is started.</item>
/// <item>A fleet starts, with a proxy in every link; clients log in, the shelf is filled.</item>
/// <item>Each experiment is run (<see cref="ExperimentRun"/>); one that is stopped is the last.</item>
/// <item>Heal, final reads, and the checker's books: what is wrong with those is wrong with every one of them.</item>
/// <item>The verdicts, on the terminal and as files.</item>
/// </list>
/// </summary>
internal sealed class ExperimentTrial(Repository repository, Screen screen, string? engines)
{
    private static readonly TimeSpan Around = TimeSpan.FromSeconds(30);       // of probes and restarts, for each

    private readonly string _results = Path.Combine(repository.Root, "artifacts", "chaos");

    /// <summary>True when every verdict is a good one.</summary>
    public async Task<bool> RunAsync(IReadOnlyList<ChaosEngine> asked, CancellationToken ct)
    {
        var prometheus = asked.Any(engine => engine.Needs(experiment => experiment.Probes.Any(probe => probe.Check is PromCheck))) ? Prometheus.Find(repository) : null;
        List<string> disks = [.. Targets(asked, experiment => experiment.Chaos is DiskFill)];
        if (disks.Count > 0 && engines is not null)
        {
            throw new Refusal($"disk-fill of {string.Join(", ", disks)} shows nothing with --engines, where what they keep is on a server: run it without");
        }

        if (disks.Count > 0 && !await SmallDisk.IsPossibleAsync(ct))
        {
            throw new Refusal($"disk-fill of {string.Join(", ", disks)} needs a disk of its own that can be filled, and this user may not mount one: run it as root, on Linux");
        }

        var results = new List<ExperimentResult>();
        var areBooksRead = false;
        try
        {
            await using var fleet = await LabFleet.StartAsync(new LabFleetOptions(repository, engines)
            {
                SmallDisks = disks,
                Answers = [.. Targets(asked, experiment => experiment.Chaos is HttpChaos)],
                HasProbes = true,
            }, ct);
            await using var metrics = prometheus is null ? null : await Prometheus.StartAsync(prometheus, fleet, ct);
            areBooksRead = await fleet.KeptIfBrokenOffAsync(() => RunAsync(asked, fleet, metrics, results, ct));
            return results.TrueForAll(result => result.Verdict == Verdict.Pass);
        }
        finally
        {
            foreach (var result in areBooksRead ? results : results.Select(result => result.WithBooksUnread()))
            {
                screen.Print($"{result}\n    written to {result.Write(_results)}");
            }
        }
    }

    private static IEnumerable<string> Targets(IEnumerable<ChaosEngine> asked, Func<Experiment, bool> which) =>
        asked.Where(engine => engine.Needs(which)).Select(engine => engine.Target).Distinct(StringComparer.Ordinal);

    // True when the books were read, and the verdicts are the last word.
    private async Task<bool> RunAsync(IReadOnlyList<ChaosEngine> asked, LabFleet fleet, Prometheus? metrics, List<ExperimentResult> results, CancellationToken ct)
    {
        var experiments = asked.SelectMany(engine => engine.Experiments.Select(experiment => (Engine: engine, Experiment: experiment))).ToList();
        var seed = Random.Shared.Next();
        var length = experiments.Aggregate(TimeSpan.Zero, (sum, next) => sum + next.Experiment.Chaos.Length + (next.Experiment.Chaos.Ramp * 2) + Around);
        await using var crowd = new Crowd(fleet, seed, length);
        await crowd.GatherAsync(ct);
        screen.Say(string.Create(CultureInfo.InvariantCulture, $"argosy: {crowd.Clients} clients use a fleet on {fleet.Description} by {fleet.Door}, in {fleet.Data.Root}"));

        using var surroundings = new Surroundings(fleet, metrics);
        using var over = new CancellationTokenSource();
        var full = new List<(string Process, DateTimeOffset From, DateTimeOffset To)>();
        var crowding = crowd.RunAsync(over.Token, ct);
        try
        {
            foreach (var (engine, experiment) in experiments)
            {
                var from = TimeProvider.System.GetUtcNow();
                results.Add(await new ExperimentRun(fleet, crowd.History, surroundings, screen, engine, experiment).RunAsync(ct));
                if (experiment.Chaos is DiskFill)
                {
                    full.Add((engine.Target, from, TimeProvider.System.GetUtcNow()));
                }

                if (results[^1].Verdict == Verdict.Stopped)
                {
                    break;
                }
            }
        }
        finally
        {
            await over.CancelAsync();
            await crowding;
        }

        if (results[^1].Verdict == Verdict.Stopped)
        {
            screen.Say($"argosy: stopped; {experiments.Count - results.Count} more are not run, and the fleet is stopped with its books unread");
            return false;
        }

        var findings = await Aftermath.HealAsync(fleet, ct);
        findings.AddRange(await crowd.SettleAsync(ct));
        var books = await Aftermath.ReadBooksAsync(fleet, crowd, ct);
        findings.AddRange(Aftermath.Deaths(fleet.Deaths, full));
        var page = await Aftermath.WritePageAsync(repository, "experiments", string.Join(", ", experiments.Select(next => next.Engine.Name)), books, findings, crowd, ct);
        screen.Say($"argosy: what clients saw meanwhile, as a page: {page}");
        findings.AddRange(Books.FindingsOf(books));
        if (findings.Count > 0)
        {
            fleet.IsKept = true;
            findings.Add($"everything is kept in {fleet.Data.Root}");
            for (var i = 0; i < results.Count; i++)
            {
                results[i] = results[i] with { Verdict = Verdict.Fail, Findings = [.. results[i].Findings, .. findings] };
            }
        }

        return true;
    }
}

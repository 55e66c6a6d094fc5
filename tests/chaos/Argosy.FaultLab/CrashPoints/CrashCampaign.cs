using System.Collections.Concurrent;
using System.Globalization;
using Argosy.Cli.Processes;
using Argosy.Cli.Terminal;

namespace Argosy.FaultLab.CrashPoints;

/// <summary>
/// Runs combinations, each lane on a long-lived fleet of its own: most of a combination is waiting. A combination that fails is run once
/// more, alone and one errand at a time, on a fresh fleet, so that what is left to look at is small; what it left behind is kept.
/// </summary>
internal sealed class CrashCampaign(Repository repository, Screen screen, string? engines, int seed, TimeProvider time)
{
    /// <summary>What these are called in the results.</summary>
    public const string Kind = "crash point";

    // Books are read after each combination, and take longer the more there is in them.
    private const int CombinationsOfAFleet = 150;
    private const int Together = 2;

    // A bound and no promise: what comes to rest does so in seconds, on a server when the dead one's leases have run out; on a machine that
    // has much else to do it takes longer.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    /// <summary>Runs all of them; each result is told as soon as it is there.</summary>
    public async Task RunAsync(IEnumerable<Combination> combinations, int lanes, Action<Combination, TrialResult> tell, CancellationToken ct)
    {
        var waiting = new ConcurrentQueue<Combination>(combinations);
        var telling = new Lock();
        await Task.WhenAll(Enumerable.Range(0, Math.Min(lanes, waiting.Count)).Select(_ => LaneAsync(waiting, (combination, result) =>
        {
            lock (telling)
            {
                tell(combination, result);
            }
        }, ct)));
    }

    private async Task LaneAsync(ConcurrentQueue<Combination> waiting, Action<Combination, TrialResult> tell, CancellationToken ct)
    {
        while (!waiting.IsEmpty)
        {
            await using var stage = await Stage.OpenAsync(repository, engines, time, ct);
            for (var i = 0; i < CombinationsOfAFleet && stage.IsClean && waiting.TryDequeue(out var combination); i++)
            {
                var report = await stage.RunAsync(combination, seed, Together, screen, ct);
                tell(combination, ResultOf(combination, report.Findings.Count == 0 ? report : await AgainAsync(combination, report, stage.Folder, ct)));
            }
        }
    }

    private async Task<CrashReport> AgainAsync(Combination combination, CrashReport report, string folder, CancellationToken ct)
    {
        screen.Say($"argosy: {combination}: {report.Findings[0]}; it is run again, alone on a fresh fleet");
        await using var stage = await Stage.OpenAsync(repository, engines, time, ct);
        var again = await stage.RunAsync(combination, seed, 1, screen, ct);
        return report with
        {
            Findings =
            [
                .. report.Findings,
                $"the fleet's folder: {folder}",
                .. again.Findings.Count == 0 ? ["alone on a fresh fleet: holds"] : again.Findings.Select(finding => $"alone on a fresh fleet ({stage.Folder}): {finding}"),
            ],
        };
    }

    private TrialResult ResultOf(Combination combination, CrashReport report) => new(
        Kind, Combination.All.ToList().IndexOf(combination), engines ?? "embedded", [$"{combination}", .. report.Lives],
        report.Errands, report.Errands, Math.Round(report.Took.TotalSeconds, 1), report.Findings);

    /// <summary>One combination in a line, and what was found in lines of its own.</summary>
    public static string Line(TrialResult result) => string.Create(CultureInfo.InvariantCulture,
        $"{(result.Holds ? '✔' : '✘')} {result.Faults[0]}, dying at {string.Join(", ", result.Faults.Skip(1))} ({result.Operations} errands, {result.Seconds:0.0} s)")
        + string.Concat(result.Findings.Select(finding => $"\n    {finding}"));

    /// <summary>How many there were and how they went.</summary>
    public static string Summary(IReadOnlyList<TrialResult> results)
    {
        var broken = results.Count(result => !result.Holds);
        return string.Create(CultureInfo.InvariantCulture,
            $"{results.Count} of {Combination.All.Count} combinations, {results.Sum(result => result.Faults.Count - 1)} deaths by SIGKILL, {results.Sum(result => result.Operations)} errands: {(broken == 0 ? "all hold" : $"{broken} don't hold")}");
    }

    /// <summary>A fleet and its clients.</summary>
    private sealed class Stage : IAsyncDisposable
    {
        private readonly CrashFleet _fleet;
        private readonly Shop _shop;
        private readonly TimeProvider _time;

        private Stage(CrashFleet fleet, Shop shop, TimeProvider time) => (_fleet, _shop, _time) = (fleet, shop, time);

        /// <summary>Nothing was found here so far.</summary>
        public bool IsClean { get; private set; } = true;

        public string Folder => _fleet.Data.Root;

        public static async Task<Stage> OpenAsync(Repository repository, string? engines, TimeProvider time, CancellationToken ct)
        {
            var fleet = await CrashFleet.StartAsync(repository, engines, time, ct);
            try
            {
                return new Stage(fleet, await Shop.OpenAsync(fleet, time, Patience, ct), time);
            }
            catch
            {
                await fleet.DisposeAsync();
                throw;
            }
        }

        public async Task<CrashReport> RunAsync(Combination combination, int seed, int together, Screen screen, CancellationToken ct)
        {
            try
            {
                var report = await new CrashTrial(_fleet, _shop, Patience, _time).RunAsync(combination, seed, together, ct);
                IsClean &= report.Findings.Count == 0;
                return report;
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                IsClean = false;
                screen.Say($"argosy: {combination} broke off; the fleet's folder: {Folder}");
                throw;
            }
        }

        public async ValueTask DisposeAsync()
        {
            _shop.Dispose();
            await _fleet.DisposeAsync();
            if (IsClean)
            {
                Directory.Delete(Folder, recursive: true);
            }
        }
    }
}

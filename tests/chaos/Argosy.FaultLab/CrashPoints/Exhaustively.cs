using Argosy.Cli.Processes;
using Argosy.Cli.Terminal;

namespace Argosy.FaultLab.CrashPoints;

/// <summary>Every combination there is, over as many sittings as it takes: what is in the results isn't run again.</summary>
internal sealed class Exhaustively(Repository repository, Screen screen, ResultsFile results, string? engines, int lanes)
{
    // The same hits in every sitting.
    private const int Seed = 1;

    /// <summary>True when every one of them held, in whichever sitting.</summary>
    public async Task<bool> RunAsync(CancellationToken ct)
    {
        var on = engines ?? "embedded";
        var all = results.Read().Where(result => result.Kind == CrashCampaign.Kind && result.Engines == on).ToList();

        // By name: numbers move when a failpoint comes to the code.
        var done = all.Select(result => result.Faults[0]).ToHashSet(StringComparer.Ordinal);
        var missing = Combination.All.Where(combination => !done.Contains(combination.ToString())).ToArray();

        // A sitting that is cut short has seen some of everything.
        new Random(Seed).Shuffle(missing);
        await new CrashCampaign(repository, screen, engines, Seed, TimeProvider.System).RunAsync(missing, lanes, (_, result) =>
        {
            results.Add(result);
            all.Add(result);
            screen.Print(CrashCampaign.Line(result));
        }, ct);
        screen.Print($"{CrashCampaign.Kind} on {on}: {CrashCampaign.Summary(all)}");
        return all.TrueForAll(result => result.Holds);
    }
}

using System.Diagnostics;
using Argosy.Cli.Processes;

namespace Argosy.FaultLab.CrashPoints;

/// <summary>
/// One combination on a fleet that runs. The protocol:
/// <list type="number">
/// <item>The process is armed: a line for each life that is to end.</item>
/// <item>Clients do their errands, a few at a time, until as many lives have ended as are armed, and the launcher has started the next.</item>
/// <item>Every errand has ended as it must. The process has died as often as it was to, by SIGKILL, at the points that were armed, and nobody
/// else has died.</item>
/// <item>When all has come to rest, the checker's books a to j add up.</item>
/// </list>
/// </summary>
internal sealed class CrashTrial(CrashFleet fleet, Shop shop, TimeSpan patience, TimeProvider time)
{
    private const int MostRounds = 8;
    private const string BySigKill = "was ended by signal 9";
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(20);

    // What an order causes may be after its end: a mail, a cursor that moves.
    private static readonly TimeSpan Aftermath = TimeSpan.FromSeconds(1);

    // Where databases are shared, what the dead one held is free when its leases have run out.
    private static readonly TimeSpan LeasesRunOut = TimeSpan.FromSeconds(20);

    private readonly Armory _armory = new(fleet.Data);
    private int _errands;

    /// <param name="combination">What is to happen.</param>
    /// <param name="seed">Which hit of the point it is.</param>
    /// <param name="together">How many errands at a time.</param>
    /// <param name="ct">Ends it.</param>
    public async Task<CrashReport> RunAsync(Combination combination, int seed, int together, CancellationToken ct)
    {
        var began = Stopwatch.GetTimestamp();
        var (process, lives) = (combination.Point.Process, combination.Lives(seed));
        var before = fleet.Deaths.Count;
        await SlowAsync(combination.Outcome.ProviderLatency, ct);
        _armory.Arm(process, lives);
        var findings = new List<string>();
        for (var round = 0; round < MostRounds && _armory.DiedAt(process).Count < lives.Count; round++)
        {
            findings.AddRange(await WalkAsync(combination.Outcome, together, ct));
            await AftermathAsync(process, lives.Count, ct);
        }

        _armory.Disarm(process);
        if (!await IsBackAsync(process, before, ct))
        {
            return new CrashReport(lives, _errands, Stopwatch.GetElapsedTime(began), [.. findings, $"{process} isn't back {patience.TotalMinutes:0} min after its death"]);
        }

        await SlowAsync(-combination.Outcome.ProviderLatency, ct);
        findings.AddRange(Deaths(process, lives, before));
        findings.AddRange(Books.FindingsOf(await Books.ReadAsync(fleet.Data.Root, shop.History, patience, time, ct)));
        return new CrashReport(lives, _errands, Stopwatch.GetElapsedTime(began), findings);
    }

    private Task SlowAsync(int change, CancellationToken ct) => change == 0 ? Task.CompletedTask : shop.SlowProviderAsync(Math.Max(0, change), ct);

    private async Task<IEnumerable<string>> WalkAsync(Outcome outcome, int together, CancellationToken ct)
    {
        _errands += together;
        return (await Task.WhenAll(Enumerable.Range(0, together).Select(_ => outcome.WalkAsync(shop, ct)))).OfType<string>();
    }

    // Until all lives have ended, or nothing more comes of what was done so far.
    private async Task AftermathAsync(string process, int lives, CancellationToken ct)
    {
        var (died, since) = (-1, time.GetTimestamp());
        while (_armory.DiedAt(process).Count is var now && now < lives)
        {
            if (now != died)
            {
                (died, since) = (now, time.GetTimestamp());
            }

            var enough = died > 0 && File.Exists(fleet.Data.Databases) ? LeasesRunOut : Aftermath;
            if (fleet.StatusOf(process).State == ProcessState.Running && time.GetElapsedTime(since) > enough)
            {
                return;
            }

            await Task.Delay(Poll, time, ct);
        }
    }

    private async Task<bool> IsBackAsync(string process, int before, CancellationToken ct)
    {
        var since = time.GetTimestamp();
        while (_armory.DiedAt(process).Count > fleet.Deaths.Skip(before).Count(death => death.Process == process) || fleet.StatusOf(process).State != ProcessState.Running)
        {
            if (time.GetElapsedTime(since) > patience)
            {
                return false;
            }

            await Task.Delay(Poll, time, ct);
        }

        return true;
    }

    private IEnumerable<string> Deaths(string process, IReadOnlyList<string> lives, int before)
    {
        var died = _armory.DiedAt(process);
        if (!died.SequenceEqual(lives, StringComparer.Ordinal))
        {
            yield return $"not reached: {process} was to die at {string.Join(", ", lives)}, and died at {(died.Count == 0 ? "none" : string.Join(", ", died))} in {_errands} errands";
        }

        var deaths = fleet.Deaths.Skip(before).ToList();
        if (deaths.Count(death => death == (process, BySigKill)) != died.Count)
        {
            yield return $"{process} died {died.Count} times by its own word; the launcher saw {string.Join(", ", deaths.Select(death => $"{death.Process} {death.How}"))}";
        }

        foreach (var (other, how) in deaths.Where(death => death.Process != process))
        {
            yield return $"{other} {how}, and nobody had asked it to";
        }
    }
}

/// <summary>How one combination went.</summary>
/// <param name="Lives">Where each life was to end.</param>
/// <param name="Errands">How many there were.</param>
/// <param name="Took">How long it took.</param>
/// <param name="Findings">What was found; nothing is the good verdict.</param>
internal sealed record CrashReport(IReadOnlyList<string> Lives, int Errands, TimeSpan Took, IReadOnlyList<string> Findings);

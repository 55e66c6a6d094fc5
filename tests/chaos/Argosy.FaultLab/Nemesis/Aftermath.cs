using Argosy.Checker;
using Argosy.Cli;
using Argosy.FaultLab.Fleets;
using Argosy.FaultLab.Load;

namespace Argosy.FaultLab.Nemesis;

/// <summary>When everything is over: what has to come back, and what has to add up. Each says what doesn't.</summary>
internal static class Aftermath
{
    private static readonly TimeSpan HealsWithin = TimeSpan.FromSeconds(60);

    /// <summary>Undoes whatever may still be done to links, processes and the provider; all of them are ready within a minute.</summary>
    public static async Task<List<string>> HealAsync(LabFleet fleet, CancellationToken ct)
    {
        fleet.Links!.Heal();
        foreach (var plan in fleet.Plans)
        {
            fleet.Continue(plan.Name);
        }

        List<string> late = [.. await fleet.NotReadyAsync(HealsWithin, ct)];
        if (late.Count == 0)
        {
            using var provider = new Provider(fleet);
            await provider.TurnAsync(Provider.Usual, ct);
        }

        return late;
    }

    /// <summary>The checker holds all books against what clients were told.</summary>
    public static async Task<IReadOnlyList<string>> ReadBooksAsync(LabFleet fleet, Crowd crowd, CancellationToken ct)
    {
        try
        {
            var books = await Audit.RunAsync(fleet.Data.Root, [crowd.History], Audit.RestWithin, TimeProvider.System, ct);
            return [.. books.SelectMany(book => book.Findings.Select(finding => $"book {book.Book[0]}: {finding}"))];
        }
        catch (BadInputException e)
        {
            throw new Refusal($"the books can't be read: {e.Message}; everything is in {fleet.Data.Root}");
        }
    }

    /// <summary>Who has ended by itself, where nothing was done to it that may end it.</summary>
    public static IEnumerable<string> Deaths(LabFleet fleet, IEnumerable<IFault> inflicted)
    {
        var full = inflicted.OfType<DiskFull>().Select(disk => disk.Process).ToHashSet(StringComparer.Ordinal);
        return fleet.Deaths.Where(death => !full.Contains(death.Process)).Select(death => $"{death.Process} {death.How} by itself");
    }
}

using Argosy.Checker;
using Argosy.Checker.History;
using Argosy.Checker.Reports;
using Argosy.Cli;
using Argosy.Cli.Processes;
using Argosy.FaultLab.Fleets;
using Argosy.FaultLab.Load;

namespace Argosy.FaultLab.Nemesis;

/// <summary>When everything is over: what has to come back, and what has to add up. Each says what doesn't.</summary>
internal static class Aftermath
{
    private static readonly TimeSpan HealsWithin = TimeSpan.FromSeconds(60);

    // Whoever has found its disk full may take some time to end.
    private static readonly TimeSpan Notices = TimeSpan.FromSeconds(5);

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
    public static async Task<IReadOnlyList<BookResult>> ReadBooksAsync(LabFleet fleet, Crowd crowd, CancellationToken ct)
    {
        try
        {
            return await Audit.RunAsync(fleet.Data.Root, [crowd.History.Path], Audit.RestWithin, TimeProvider.System, ct);
        }
        catch (BadInputException e)
        {
            throw new Refusal($"the books can't be read: {e.Message}; everything is in {fleet.Data.Root}");
        }
    }

    /// <summary>What is wrong in the books, each in a line.</summary>
    public static IEnumerable<string> Of(IEnumerable<BookResult> books) => books.SelectMany(book => book.Findings.Select(finding => $"book {book.Book[0]}: {finding.Says}"));

    /// <summary>Who has ended by itself, where nothing was done to it just then that may end it.</summary>
    /// <param name="fleet">Whose processes they are.</param>
    /// <param name="full">Whose disk was full, from when to when.</param>
    public static IEnumerable<string> Deaths(LabFleet fleet, IReadOnlyCollection<(string Process, DateTimeOffset From, DateTimeOffset To)> full) =>
        fleet.Deaths.Where(death => !full.Any(disk => disk.Process == death.Process && disk.From <= death.At && death.At <= disk.To + Notices)).Select(death => $"{death.Process} {death.How} by itself");

    /// <summary>The verdict as a page, with what else was found than the books have, in <c>artifacts/chaos</c>; where it is.</summary>
    public static async Task<string> WritePageAsync(Repository repository, string name, string title, IReadOnlyList<BookResult> books, IEnumerable<string> others, Crowd crowd, CancellationToken ct)
    {
        var folder = Directory.CreateDirectory(Path.Combine(repository.Root, "artifacts", "chaos")).FullName;
        var page = Path.Combine(folder, $"{name}.html");
        BookResult lab = new("lab", "what everybody was told when all was healed, and who ended by itself", [.. others.Select(finding => new Finding(finding))]);
        await File.WriteAllTextAsync(page, HtmlReport.Of(title, [.. books, lab], [.. Operations.Of([.. HistoryFile.Read(crowd.History.Path)])]), ct);
        return page;
    }
}

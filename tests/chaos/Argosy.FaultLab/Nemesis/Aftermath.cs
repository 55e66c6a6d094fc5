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
    public static Task<IReadOnlyList<BookResult>> ReadBooksAsync(LabFleet fleet, Crowd crowd, CancellationToken ct) =>
        Books.ReadAsync(fleet.Data.Root, crowd.History.Path, Audit.RestWithin, TimeProvider.System, ct);

    /// <summary>Who has ended by itself, where nothing was done to it just then that may end it.</summary>
    /// <param name="deaths">Who, how, and when.</param>
    /// <param name="full">Whose disk was full, from when to when.</param>
    public static IEnumerable<string> Deaths(
        IEnumerable<(string Process, string How, DateTimeOffset At)> deaths, IReadOnlyCollection<(string Process, DateTimeOffset From, DateTimeOffset To)> full) =>
        deaths.Where(death => !full.Any(disk => disk.Process == death.Process && disk.From <= death.At && death.At <= disk.To + Notices)).Select(death => $"{death.Process} {death.How} by itself");

    /// <summary>The verdict as a page, with what else was found than the books have, in <c>artifacts/chaos</c>; where it is.</summary>
    public static async Task<string> WritePageAsync(Repository repository, string name, string title, IReadOnlyList<BookResult> books, IEnumerable<string> others, Crowd crowd, CancellationToken ct)
    {
        var folder = Directory.CreateDirectory(Path.Combine(repository.Root, "artifacts", "chaos")).FullName;
        var page = Path.Combine(folder, $"{name}.html");
        BookResult lab = new("lab", "what everybody was told when all was healed, and who ended by itself", [.. others.Select(finding => new Finding(finding))]);
        await File.WriteAllTextAsync(page, HtmlReport.Of(title, [.. books, lab], Books.OperationsOf(crowd.History.Path)), ct);
        return page;
    }
}

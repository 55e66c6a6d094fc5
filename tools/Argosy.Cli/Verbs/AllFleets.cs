using System.Text.Json;
using Argosy.Cli.Processes;
using Spectre.Console;

namespace Argosy.Cli.Verbs;

/// <param name="Data">The data folder.</param>
/// <param name="Gateway">The public door; null while the launcher gives no answer.</param>
/// <param name="Launcher">The launcher's process.</param>
/// <param name="Ready">How many processes are ready.</param>
/// <param name="Processes">How many there are.</param>
internal sealed record FleetSummary(string Data, string? Gateway, int Launcher, int Ready, int Processes);

/// <summary>`status --all`: every fleet of this user that runs, a line each.</summary>
internal sealed class AllFleets(CliContext cli, FleetRegistry registry)
{
    private static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(5);

    public async Task<int> ShowAsync(bool json, CancellationToken ct)
    {
        var fleets = await Task.WhenAll(registry.Running().Select(fleet => AskAsync(fleet.Data, fleet.Launcher, ct)));
        if (json)
        {
            cli.Screen.Print(JsonSerializer.Serialize(fleets, CliJson.Readable.FleetSummaryArray));
        }
        else if (fleets.Length > 0)
        {
            cli.Screen.Lines.Write(TableOf(fleets));
        }
        else
        {
            cli.Screen.Say("no fleet of yours is running; start one with ./argosy up");
        }

        return fleets.Length == 0 ? ExitCodes.NotRunning : fleets.All(fleet => fleet.Gateway is not null && fleet.Ready == fleet.Processes) ? ExitCodes.Done : ExitCodes.Failed;
    }

    // A launcher that hangs is a fleet too, and must not hold up the others.
    private static async Task<FleetSummary> AskAsync(DataFolder data, int launcher, CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(AnswerWithin);
        try
        {
            var report = await StatusVerb.AskAsync(data, limit.Token);
            return new FleetSummary(data.Root, report.Gateway, launcher, report.Processes.Count(p => p.Health == StatusVerb.Ready), report.Processes.Count);
        }
        catch (Exception e) when ((e is OperationCanceledException && !ct.IsCancellationRequested) || e is Refusal)
        {
            return new FleetSummary(data.Root, null, launcher, 0, 0);
        }
    }

    private static Table TableOf(IEnumerable<FleetSummary> fleets)
    {
        var table = new Table().NoBorder();
        foreach (var column in new[] { "GATEWAY", "READY", "LAUNCHER", "DATA" })
        {
            table.AddColumn(new TableColumn(column).NoWrap().Padding(0, 0, 2, 0));
        }

        foreach (var fleet in fleets)
        {
            var ready = fleet.Gateway is null ? "[red]no answer[/]" : fleet.Ready == fleet.Processes ? $"[green]{fleet.Ready} of {fleet.Processes}[/]" : $"[yellow]{fleet.Ready} of {fleet.Processes}[/]";
            table.AddRow(fleet.Gateway ?? "–", ready, $"{fleet.Launcher}", fleet.Data.EscapeMarkup());
        }

        return table;
    }
}

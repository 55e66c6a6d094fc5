using System.CommandLine;
using System.Text.Json;
using Argosy.Cli.Processes;
using Spectre.Console;

namespace Argosy.Cli.Verbs;

/// <param name="Gateway">The public door.</param>
/// <param name="Data">The data folder.</param>
/// <param name="Launcher">The launcher's process.</param>
/// <param name="Processes">How each is.</param>
internal sealed record StatusReport(string Gateway, string Data, int Launcher, IReadOnlyList<ProcessStatus> Processes);

internal static class StatusVerb
{
    public const string Ready = "ready";

    public static Command Create(CliContext cli)
    {
        var json = new Option<bool>("--json") { Description = "Print it as JSON." };
        var all = new Option<bool>("--all") { Description = "Every fleet of yours that runs, a line each: its gateway and its data folder." };
        var command = new Command("status", "How each process is. Exit code 0 if all are ready, 1 if one isn't, 3 if nothing runs.") { all, json };
        command.SetAction(async (parsed, ct) =>
        {
            if (parsed.GetValue(all))
            {
                return await new AllFleets(cli, FleetRegistry.OfUser()).ShowAsync(parsed.GetValue(json), ct);
            }

            var report = await AskAsync(cli.DataOf(parsed), ct);
            if (parsed.GetValue(json))
            {
                cli.Screen.Print(JsonSerializer.Serialize(report, CliJson.Readable.StatusReport));
            }
            else
            {
                cli.Screen.Data.Write(TableOf(report, cli.Time.GetUtcNow()));
                cli.Screen.Say($"\nGateway {report.Gateway} · data {report.Data}");
            }

            return report.Processes.All(p => p.Health == Ready) ? ExitCodes.Done : ExitCodes.Failed;
        });
        return command;
    }

    public static async Task<StatusReport> AskAsync(DataFolder data, CancellationToken ct)
    {
        var reply = await new ControlClient(data).AskAsync(new ControlRequest(ControlVerb.Status), ct) ?? throw CliContext.NotRunning(data);
        using var readiness = new Readiness();
        var processes = await Task.WhenAll(reply.Processes.Select(async p => p with { Health = await HealthAsync(readiness, p, ct) }));
        return new StatusReport(processes.First(p => p.Name == Catalog.Gateway).Url, data.Root, reply.Launcher, processes);
    }

    private static async Task<string?> HealthAsync(Readiness readiness, ProcessStatus process, CancellationToken ct) =>
        process.State is not ProcessState.Running ? null : await readiness.AskAsync(process.Url, ct) switch
        {
            System.Net.HttpStatusCode.OK => Ready,
            null => "no answer",
            var status => $"{(int)status}",
        };

    private static Table TableOf(StatusReport report, DateTimeOffset now)
    {
        var table = new Table().NoBorder();
        foreach (var column in new[] { "SERVICE", "STATE", "HEALTH", "PORT", "PID", "UP", "RESTARTS" })
        {
            table.AddColumn(new TableColumn(column).NoWrap().Padding(0, 0, 2, 0));
        }

        foreach (var p in report.Processes)
        {
            table.AddRow(
                p.Name, Colored(p.State), p.Health ?? "–", $"{p.Port}", $"{p.Pid}" is { Length: > 0 } pid ? pid : "–",
                p.StartedAt is { } at ? Uptime(now - at) : "–", $"{p.Restarts}");
        }

        return table;
    }

    private static string Colored(ProcessState state) => state switch
    {
        ProcessState.Running => "[green]running[/]",
        ProcessState.Starting => "[yellow]starting[/]",
        _ => $"[red]{state.ToString().ToLowerInvariant()}[/]",
    };

    private static string Uptime(TimeSpan up) => up.TotalHours >= 1 ? $"{(int)up.TotalHours}h{up.Minutes:00}" : $"{up.Minutes:00}:{up.Seconds:00}";
}

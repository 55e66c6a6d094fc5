using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Argosy.Cli.Access;
using Argosy.Cli.Processes;
using Spectre.Console;

namespace Argosy.Cli.Verbs;

/// <summary>Who did what, and whether anybody has touched what is written about it.</summary>
internal static class AuditVerb
{
    private const int IdLength = 40;
    private const int HashShown = 12;

    public static Command Create(CliContext cli) => new("audit", "Read the audit trail of every service, or look whether somebody has changed it.")
    {
        List(cli),
        Verify(cli),
    };

    private static Command List(CliContext cli)
    {
        var service = new Option<string?>("--service") { Description = "Only this service's.", HelpName = "NAME" };
        var after = new Option<long>("--after") { Description = "Only what comes behind this place.", HelpName = "ID" };
        var json = new Option<bool>("--json") { Description = "With its traces, as JSON." };
        var command = new Command("list", "Entries from the oldest on, 500 of each service at a time. Refusals of one kind are counted for up to a minute before they are one entry.") { service, after, json };
        command.SetAction(async (parsed, ct) =>
        {
            var desk = await Desk.OpenAsync(cli, parsed, ct);
            var pages = await desk.AskEachAsync(desk.Services(parsed.GetValue(service)), string.Create(CultureInfo.InvariantCulture, $"/admin/audit?after={parsed.GetValue(after)}"), ct);
            List<ListedAuditLine> lines = [.. pages.SelectMany(page => LinesOf(page.Service, page.Answer)).OrderBy(listed => listed.Line.At)];
            if (parsed.GetValue(json))
            {
                cli.Screen.Print(JsonSerializer.Serialize(lines, WireJson.Default.IReadOnlyListListedAuditLine));
            }
            else
            {
                cli.Screen.Say($"{"WHEN",-20}  {"SERVICE",-20}  {"ID",6}  {"ACTION",-20}  {"OUTCOME",-8}  WHO  WHOM OR WHAT  DETAIL");
                lines.ForEach(line => cli.Screen.Print(LineOf(line)));
            }

            return desk.ExitCode;
        });
        return command;
    }

    private static Command Verify(CliContext cli)
    {
        var command = new Command("verify", "Make every seal again and compare. Exit code 1 where an entry was changed, removed, put in later or moved.");
        command.SetAction(async (parsed, ct) =>
        {
            var desk = await Desk.OpenAsync(cli, parsed, ct);
            var verdicts = await desk.EachAsync(desk.Services(null), service => VerdictAsync(desk, service, ct));
            foreach (var (service, verdict) in verdicts)
            {
                cli.Screen.Data.MarkupLine(verdict.Fault is { } fault
                    ? $"[red]✘[/] {service.Name,-22}{fault.EscapeMarkup()}"
                    : string.Create(CultureInfo.InvariantCulture, $"[green]✔[/] {service.Name,-22}{verdict.Entries} entries, {verdict.Sealed} sealed"));
            }

            if (!verdicts.Any(one => one.Found.Fault is not null))
            {
                return desk.ExitCode;
            }

            cli.Screen.Say("What stands before such an entry is as it was written, what stands behind it is not known to be: hold that against a backup, and see who can write to the database.");
            return ExitCodes.Failed;
        });
        return command;
    }

    private static IEnumerable<ListedAuditLine> LinesOf(ProcessEntry service, Answer answer) =>
        answer.Read(WireJson.Default.AuditPage).Items.Select(line => new ListedAuditLine(service.Name, line));

    // A part at a time, each behind the last seal of the one before it.
    private static async Task<AuditVerdict> VerdictAsync(Desk desk, ProcessEntry service, CancellationToken ct)
    {
        var (entries, sealedEntries, after) = (0L, 0L, "");
        while (true)
        {
            var part = (await desk.AskAsync(service, Ask.Get($"/admin/audit/verdict{after}"), ct)).Read(WireJson.Default.AuditVerdict);
            (entries, sealedEntries, after) = (entries + part.Entries, sealedEntries + part.Sealed, $"?after={part.Next}");
            if (part.Next is null)
            {
                return part with { Entries = entries, Sealed = sealedEntries };
            }
        }
    }

    // A line each, however wide the terminal is: it is read with grep.
    private static string LineOf(ListedAuditLine listed)
    {
        var line = listed.Line;
        var detail = line.Detail.Length > 0 ? $"  {line.Detail}" : "";
        return string.Create(CultureInfo.InvariantCulture, $"{line.At:u}  {listed.Service,-20}  {line.Id,6}  {line.Action,-20}  {line.Outcome,-8}  {Short(line.Actor)}  {Short(line.Target)}{detail}");
    }

    // An id is shown whole, a hash by what tells it from others.
    private static string Short(string name) => name.Length <= IdLength ? name : $"{name[..HashShown]}…";
}

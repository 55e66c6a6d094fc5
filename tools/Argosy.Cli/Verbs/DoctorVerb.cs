using System.CommandLine;
using System.Text.Json;
using Spectre.Console;

namespace Argosy.Cli.Verbs;

internal static class DoctorVerb
{
    public static Command Create(CliContext cli)
    {
        var json = new Option<bool>("--json") { Description = "The same as JSON." };
        var command = new Command("doctor", "Look at what a fleet needs from this machine, and change nothing. Exit code 1 if something is in its way.") { json };
        command.SetAction(async (parsed, ct) =>
        {
            var checks = await new Checkup(cli.Repository, cli.DataOf(parsed)).RunAsync(ct);
            if (parsed.GetValue(json))
            {
                cli.Screen.Print(JsonSerializer.Serialize(checks, CliJson.Readable.IReadOnlyListCheck));
            }
            else
            {
                foreach (var check in checks)
                {
                    cli.Screen.Lines.MarkupLine($"{Mark(check.Level)} {check.Name,-8} {check.Finding.EscapeMarkup()}");
                }
            }

            return checks.Any(c => c.Level == CheckLevel.Bad) ? ExitCodes.Failed : ExitCodes.Done;
        });
        return command;
    }

    private static string Mark(CheckLevel level) => level switch
    {
        CheckLevel.Good => "[green]✔[/]",
        CheckLevel.Warning => "[yellow]![/]",
        _ => "[red]✘[/]",
    };
}

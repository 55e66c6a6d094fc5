using System.CommandLine;
using System.Text.Json;
using Argosy.Cli.Access;
using Argosy.Cli.Processes;
using Spectre.Console;

namespace Argosy.Cli.Verbs;

/// <summary>Messages that a service gave up on: seen, tried again, or given up for good.</summary>
internal static class DeadLettersVerb
{
    public static Command Create(CliContext cli) => new("dead-letters", "Look at messages that a service gave up on, retry or discard them.")
    {
        List(cli),
        Act(cli, "retry", "Let the service handle it again."),
        Act(cli, "discard", "Give it up for good; it will have no effect, even if it is delivered once more."),
    };

    private static Command List(CliContext cli)
    {
        var service = new Option<string?>("--service") { Description = "Only this service's.", HelpName = "NAME" };
        var json = new Option<bool>("--json") { Description = "With their bodies, as JSON." };
        var command = new Command("list", "All dead letters. Exit code 0 also when there are some.") { service, json };
        command.SetAction(async (parsed, ct) =>
        {
            var desk = await Desk.OpenAsync(cli, parsed, ct);
            var asked = await Task.WhenAll(desk.Services(parsed.GetValue(service)).Select(s => AskAsync(desk, s, ct)));
            List<ListedDeadLetter> letters = [.. asked.SelectMany(l => l)];
            if (parsed.GetValue(json))
            {
                cli.Screen.Print(JsonSerializer.Serialize(letters, WireJson.Default.IReadOnlyListListedDeadLetter));
            }
            else if (letters.Count == 0)
            {
                cli.Screen.Say("no dead letters");
            }
            else
            {
                cli.Screen.Data.Write(TableOf(letters));
            }

            return ExitCodes.Done;
        });
        return command;
    }

    private static Command Act(CliContext cli, string verb, string description)
    {
        var service = new Argument<string>("SERVICE") { Description = "Whose it is." };
        var id = new Argument<string>("ID") { Description = "As list shows it." };
        var command = new Command(verb, description) { service, id };
        command.SetAction(async (parsed, ct) =>
        {
            var desk = await Desk.OpenAsync(cli, parsed, ct);
            await desk.AskAsync(desk.Services(parsed.GetValue(service))[0], Ask.Post($"/admin/dead-letters/{Uri.EscapeDataString(parsed.GetRequiredValue(id))}/{verb}"), ct);
            cli.Screen.Say($"{verb}: {parsed.GetValue(id)} of {parsed.GetValue(service)}");
            return ExitCodes.Done;
        });
        return command;
    }

    private static Table TableOf(IEnumerable<ListedDeadLetter> letters)
    {
        var table = new Table().NoBorder();
        table.AddColumns("SERVICE", "ID", "TYPE", "KEY", "ATTEMPTS", "ERROR");
        foreach (var (service, letter) in letters)
        {
            table.AddRow(new[] { service, letter.Id, letter.Type, letter.Key, $"{letter.Attempts}", letter.Error ?? "" }.Select(Markup.Escape).ToArray());
        }

        return table;
    }

    private static async Task<IEnumerable<ListedDeadLetter>> AskAsync(Desk desk, ProcessEntry service, CancellationToken ct)
    {
        var answer = await desk.AskAsync(service, Ask.Get("/admin/dead-letters"), ct);
        return answer.Read(WireJson.Default.DeadLetters).Items.Select(letter => new ListedDeadLetter(service.Name, letter));
    }
}

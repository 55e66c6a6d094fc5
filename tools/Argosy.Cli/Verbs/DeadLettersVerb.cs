using System.CommandLine;
using System.Text.Json;
using Argosy.Cli.Access;
using Argosy.Cli.Processes;
using Spectre.Console;

namespace Argosy.Cli.Verbs;

/// <summary>Messages that a service gave up on: seen, tried again, or given up for good.</summary>
internal static class DeadLettersVerb
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

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
            var desk = await OpenAsync(cli, parsed, ct);
            var asked = await Task.WhenAll(desk.Services(parsed.GetValue(service)).Select(s => desk.ListAsync(s, ct)));
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
            var desk = await OpenAsync(cli, parsed, ct);
            await desk.ActAsync(desk.Services(parsed.GetValue(service))[0], parsed.GetRequiredValue(id), verb, ct);
            cli.Screen.Say($"{verb}: {parsed.GetValue(id)} of {parsed.GetValue(service)}");
            return ExitCodes.Done;
        });
        return command;
    }

    private static async Task<Desk> OpenAsync(CliContext cli, ParseResult parsed, CancellationToken ct)
    {
        var data = cli.DataOf(parsed);
        var state = await CliContext.RunningAsync(data, ct);
        using var gateway = new PatientHttp(state.Gateway, cli.Time);
        var token = await new Accounts(data, gateway).LoginAsync("admin", ct);
        var handlers = Catalog.Read(cli.Repository).Where(e => e.HandlesMessages).Select(e => e.Name);
        return new Desk([.. state.Processes.Where(p => handlers.Contains(p.Name, StringComparer.Ordinal))], token.AccessToken, cli.Time);
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

    /// <summary>Where an operator works: each service's own port, which the gateway doesn't lead to.</summary>
    private sealed record Desk(IReadOnlyList<ProcessEntry> Processes, string Token, TimeProvider Time)
    {
        public List<ProcessEntry> Services(string? name)
        {
            var chosen = Processes.Where(p => name is null || p.Name == name).ToList();
            return chosen.Count > 0 ? chosen
                : throw new Refusal($"{name} isn't a service that handles messages; those are {string.Join(", ", Processes.Select(p => p.Name))}");
        }

        public async Task<IEnumerable<ListedDeadLetter>> ListAsync(ProcessEntry service, CancellationToken ct)
        {
            var answer = await AskAsync(service, Ask.Get("/admin/dead-letters"), ct);
            return answer.Read(WireJson.Default.DeadLetters).Items.Select(l => new ListedDeadLetter(service.Name, l));
        }

        public Task<Answer> ActAsync(ProcessEntry service, string id, string verb, CancellationToken ct) =>
            AskAsync(service, Ask.Post($"/admin/dead-letters/{Uri.EscapeDataString(id)}/{verb}"), ct);

        private async Task<Answer> AskAsync(ProcessEntry service, Ask ask, CancellationToken ct)
        {
            using var http = new PatientHttp(service.Url, Time);
            var answer = await http.AskAsync(ask with { Token = Token }, Patience, ct);
            return answer.IsSuccess ? answer : throw new Refusal($"{service.Name} answers {answer} to {ask.Method} {ask.Path}");
        }
    }
}

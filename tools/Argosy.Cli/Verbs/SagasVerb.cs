using System.CommandLine;
using System.Globalization;
using Argosy.Cli.Access;
using Argosy.Cli.Processes;

namespace Argosy.Cli.Verbs;

/// <summary>Where orders are on their way, and what to do about one that gets no further.</summary>
internal static class SagasVerb
{
    public static Command Create(CliContext cli) => new("sagas", "Look at sagas, the stuck first; help one along that gets no further.")
    {
        List(cli),
        Show(cli),
        Act(cli, "retry", "Send the command that it waits for again, as a new attempt."),
        Act(cli, "skip", "Answer for the step that it waits for: it is taken as done, or as undone."),
        Act(cli, "force", "End it: everything is taken as undone, or everything stands."),
    };

    private static Command List(CliContext cli)
    {
        var state = new Option<string?>("--state") { Description = "Only those: running, compensating, stuck, completed or compensated (default: all that have not ended).", HelpName = "STATE" };
        var command = new Command("list", "Sagas that have not ended, the stuck first; 500 of each service at most. Exit code 0 also when there are some.") { state };
        command.SetAction(async (parsed, ct) =>
        {
            var desk = await Desk.OpenAsync(cli, parsed, ct);
            var query = parsed.GetValue(state) is { } one ? $"/admin/sagas?state={Uri.EscapeDataString(one)}" : "/admin/sagas";
            List<SagaView> sagas = [.. (await desk.AskEachAsync(desk.Services(null), query, ct)).SelectMany(one => one.Answer.Read(WireJson.Default.Sagas).Items)];
            cli.Screen.Say(sagas.Count == 0 ? "no such sagas" : $"{sagas.Count} sagas: {string.Join(", ", sagas.GroupBy(saga => saga.State, StringComparer.Ordinal).Select(same => $"{same.Count()} {same.Key}"))}");
            foreach (var saga in sagas)
            {
                cli.Screen.Print(string.Create(CultureInfo.InvariantCulture, $"{saga.Id}  {saga.State,-12}  {saga.At:u}"));
                cli.Screen.Print($"    at '{saga.Step}'{(saga.Reason.Length > 0 ? $", because: {saga.Reason}" : "")}");
            }

            return desk.ExitCode;
        });
        return command;
    }

    private static Command Show(CliContext cli)
    {
        var id = Id();
        var command = new Command("show", "One saga: its steps with their commands, attempts and errors, and what it did.") { id };
        command.SetAction(async (parsed, ct) =>
        {
            var (_, saga) = await FindAsync(await Desk.OpenAsync(cli, parsed, ct), parsed.GetRequiredValue(id), ct);
            Print(cli, saga);
            return ExitCodes.Done;
        });
        return command;
    }

    private static Command Act(CliContext cli, string verb, string description)
    {
        var id = Id();
        var because = new Option<string?>("--because") { Description = "Why; it is kept in the audit trail.", HelpName = "TEXT", Required = verb != "retry" };
        var version = new Option<long?>("--version") { Description = "Only if it is still at this version, as show prints it.", HelpName = "N" };
        var end = new Option<string?>("--end") { Description = "How it ends: compensated (default), or completed.", HelpName = "STATE" };
        var command = new Command(verb, description) { id, because, version };
        if (verb == "force")
        {
            command.Add(end);
        }

        command.SetAction(async (parsed, ct) =>
        {
            var desk = await Desk.OpenAsync(cli, parsed, ct);
            var name = parsed.GetRequiredValue(id);
            var (service, seen) = await FindAsync(desk, name, ct);
            var note = new SagaNote(parsed.GetValue(because), parsed.GetValue(version) ?? seen.Version, verb == "force" ? parsed.GetValue(end) : null);
            await desk.AskAsync(service, Ask.Post($"{PathOf(name)}/{verb}", note, WireJson.Default.SagaNote), ct);
            var now = (await desk.AskAsync(service, Ask.Get(PathOf(name)), ct)).Read(WireJson.Default.SagaView);
            cli.Screen.Say($"{verb}: {name} was {seen.State} at '{seen.Step}' and is {now.State} at '{now.Step}', version {now.Version}");
            return ExitCodes.Done;
        });
        return command;
    }

    private static void Print(CliContext cli, SagaView saga)
    {
        cli.Screen.Print(saga.Id);
        cli.Screen.Print(string.Create(CultureInfo.InvariantCulture, $"{saga.State} at '{saga.Step}', version {saga.Version}, moved {saga.At:u}"));
        if (saga.Reason.Length > 0)
        {
            cli.Screen.Print($"because: {saga.Reason}");
        }

        cli.Screen.Print($"\n{"STEP",-18}{"WAY",-6}{"STATE",-11}{"TRY",-5}{"COMMAND"}");
        foreach (var step in saga.Steps)
        {
            var command = step.Command[(step.Command.LastIndexOf('.') + 1)..];
            var due = step.Due is { } at ? string.Create(CultureInfo.InvariantCulture, $" until {at:HH:mm:ss}Z") : "";
            cli.Screen.Print($"{step.Step,-18}{step.Direction,-6}{step.State,-11}{step.Attempt,-5}{command}{due}");
            cli.Screen.Print($"    command {step.CommandId}");
            if (step.Error is { } error)
            {
                cli.Screen.Print($"    {error}");
            }
        }

        cli.Screen.Print("\nHISTORY");
        foreach (var moment in saga.History)
        {
            cli.Screen.Print(string.Create(CultureInfo.InvariantCulture, $"{moment.At:yyyy-MM-dd HH:mm:ss.fff}Z"));
            foreach (var what in moment.What.Split("; "))
            {
                cli.Screen.Print($"    {what}");
            }
        }
    }

    private static Argument<string> Id()
    {
        var id = new Argument<string>("ID") { Description = "As list shows it, checkout/ and the order; or the order alone.", CustomParser = given => WithType(given.Tokens[0].Value) };
        id.Validators.Add(given =>
        {
            if (given.Tokens is [var token] && WithType(token.Value).Split('/') is not [{ Length: > 0 }, { Length: > 0 }])
            {
                given.AddError($"'{token.Value}' is no saga's id, which is its type and what it is about: checkout/ORDER.");
            }
        });
        return id;
    }

    private static string WithType(string id) => id.Contains('/', StringComparison.Ordinal) ? id : $"checkout/{id}";

    private static async Task<(ProcessEntry Service, SagaView Saga)> FindAsync(Desk desk, string id, CancellationToken ct) =>
        await desk.WhoKnowsAsync(desk.Services(null), PathOf(id), ct) is [var (service, answer), ..]
            ? (service, answer.Read(WireJson.Default.SagaView))
            : throw new Refusal(desk.IsShort ? $"no service that answers has a saga {id}; ask again when all do" : $"no service has a saga {id}; ./argosy sagas list has those that have not ended");

    private static string PathOf(string id) => $"/admin/sagas/{string.Join('/', id.Split('/').Select(Uri.EscapeDataString))}";
}

using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Argosy.Cli.Access;
using Argosy.Cli.Processes;

namespace Argosy.Cli.Verbs;

/// <summary>Messages that a service gave up on: seen, tried again, mended, or given up for good; one, or all that a filter chooses.</summary>
internal static class DeadLettersVerb
{
    private const int MostOfOne = 500;      // what a service lists
    private const int ErrorShown = 160;

    public static Command Create(CliContext cli) => new("dead-letters", "Look at messages that a service gave up on; retry, edit or discard them.")
    {
        List(cli),
        Show(cli),
        Act(cli, "retry", "Let the service handle it again: one message by its id, or all that a filter chooses."),
        Edit(cli),
        Act(cli, "discard", "Give it up for good: it will have no effect, even if it is delivered once more."),
    };

    private static Command List(CliContext cli)
    {
        var chosen = new Chosen();
        var json = new Option<bool>("--json") { Description = "With their bodies and headers, as JSON." };
        var command = new Command("list", "All dead letters, or those that a filter chooses. Exit code 0 also when there are some.") { chosen.Service, chosen.Type, chosen.Error, json };
        command.SetAction(async (parsed, ct) =>
        {
            var desk = await Desk.OpenAsync(cli, parsed, ct);
            var letters = await chosen.FindAsync(desk, parsed, ct);
            if (parsed.GetValue(json))
            {
                cli.Screen.Print(JsonSerializer.Serialize(letters, WireJson.Default.IReadOnlyListListedDeadLetter));
                return desk.ExitCode;
            }

            cli.Screen.Say(letters.Count == 0 ? "no dead letters" : $"{CountOf(letters)}; ./argosy dead-letters show ID has more of one");
            foreach (var (service, letter) in letters)
            {
                cli.Screen.Print($"{letter.Id}  {service}");
                cli.Screen.Print($"    {Short(letter.Type)} of {letter.Key}");
                cli.Screen.Print($"    {letter.Attempts} attempts: {Cut(letter.Error ?? "no error")}");
            }

            return desk.ExitCode;
        });
        return command;
    }

    private static Command Show(CliContext cli)
    {
        var chosen = new Chosen();
        var command = new Command("show", "All of one dead letter: why it failed, its headers, and what it says.") { chosen.Id, chosen.Service };
        command.SetAction(async (parsed, ct) =>
        {
            var (service, letter) = await chosen.OneAsync(await Desk.OpenAsync(cli, parsed, ct), parsed, ct);
            cli.Screen.Print($"{letter.Id}, dead in {service.Name}");
            Line("type", letter.Type);
            Line("key", letter.Key);
            Line("from", string.Create(CultureInfo.InvariantCulture, $"{letter.Source}, {letter.At:u}"));
            Line("attempts", $"{letter.Attempts}");
            Line("error", letter.Error ?? "none");
            foreach (var (name, value) in letter.Headers ?? new Dictionary<string, string>())
            {
                Line(name, value);
            }

            cli.Screen.Print(letter.Body is { } body ? JsonSerializer.Serialize(body, CliJson.Readable.JsonElement) : "its body cannot be read by the version that runs");
            return ExitCodes.Done;
        });
        return command;

        void Line(string name, string value) => cli.Screen.Print($"  {name,-14}{value}");
    }

    private static Command Edit(CliContext cli)
    {
        var chosen = new Chosen();
        var file = new Argument<string>("FILE") { Description = "The whole body as JSON, as show prints it; - for standard input." };
        var command = new Command("edit", "Change what a dead letter says, and let the service handle it again.") { chosen.Id, file, chosen.Service };
        command.SetAction(async (parsed, ct) =>
        {
            var desk = await Desk.OpenAsync(cli, parsed, ct);
            var (service, letter) = await chosen.OneAsync(desk, parsed, ct);
            var body = await ReadAsync(parsed.GetRequiredValue(file), ct);
            await desk.AskAsync(service, Ask.Post($"{PathOf(letter.Id)}/edit", new EditedLetter(body), WireJson.Default.EditedLetter), ct);
            cli.Screen.Say($"changed: {letter.Id}; {service.Name} handles it now");
            return ExitCodes.Done;
        });
        return command;
    }

    private static Command Act(CliContext cli, string verb, string description)
    {
        var chosen = new Chosen();
        chosen.Id.Arity = ArgumentArity.ZeroOrOne;
        var all = new Option<bool>("--all") { Description = "Every dead letter there is." };
        var yes = new Option<bool>("--yes") { Description = "Don't ask." };
        var command = new Command(verb, description) { chosen.Id, chosen.Service, chosen.Type, chosen.Error, all, yes };
        command.Validators.Add(given =>
        {
            var filters = new Option[] { chosen.Service, chosen.Type, chosen.Error, all }.Count(option => given.GetResult(option) is not null);
            if (given.GetValue(chosen.Id) is null && filters == 0)
            {
                given.AddError("Say which: an ID, a filter (--type, --error, --service), or --all.");
            }
        });
        command.SetAction(async (parsed, ct) =>
        {
            var desk = await Desk.OpenAsync(cli, parsed, ct);
            if (parsed.GetValue(chosen.Id) is not null)
            {
                var (service, letter) = await chosen.OneAsync(desk, parsed, ct);
                await desk.AskAsync(service, Ask.Post($"{PathOf(letter.Id)}/{verb}"), ct);
                cli.Screen.Say($"{verb}: {letter.Id} of {service.Name}");
                return ExitCodes.Done;
            }

            var letters = await chosen.FindAsync(desk, parsed, ct);
            if (letters.Count == 0)
            {
                cli.Screen.Say("no dead letters");
                return desk.ExitCode;
            }

            if (!parsed.GetValue(yes) && !cli.Screen.Confirms($"{verb} {CountOf(letters)}"))
            {
                cli.Screen.Say("nothing was done");
                return ExitCodes.Failed;
            }

            var done = await ActAsync(cli, desk, verb, letters, ct);
            var left = letters.Count - done.Count;
            cli.Screen.Say($"{verb}: {(done.Count == 0 ? "none" : CountOf(done))}{(left == 0 ? "" : $"; {left} not, for the reasons above")}");
            return left == 0 ? desk.ExitCode : ExitCodes.Failed;
        });
        return command;
    }

    // Each is a transaction of its own: one that is refused keeps no other from being done, and a service that is away is asked no more.
    private static async Task<List<ListedDeadLetter>> ActAsync(CliContext cli, Desk desk, string verb, IEnumerable<ListedDeadLetter> letters, CancellationToken ct)
    {
        var done = new List<ListedDeadLetter>();
        var away = new HashSet<string>(StringComparer.Ordinal);
        foreach (var listed in letters.Where(letter => !away.Contains(letter.Service)))
        {
            try
            {
                await desk.AskAsync(desk.Services(listed.Service)[0], Ask.Post($"{PathOf(listed.Letter.Id)}/{verb}"), ct);
                done.Add(listed);
            }
            catch (Refusal refusal)
            {
                cli.Screen.Say($"argosy: {refusal.Message}");
            }
            catch (UnansweredException e)
            {
                away.Add(listed.Service);
                cli.Screen.Say($"argosy: {listed.Service} doesn't answer ({e.Message}); ./argosy dead-letters list says what is left there");
            }
        }

        return done;
    }

    private static async Task<string> ReadAsync(string file, CancellationToken ct)
    {
        try
        {
            return file == "-" ? await Console.In.ReadToEndAsync(ct) : await File.ReadAllTextAsync(file, ct);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new Refusal($"{file} can't be read: {e.Message}");
        }
    }

    private static string CountOf(IReadOnlyList<ListedDeadLetter> letters)
    {
        var services = letters.GroupBy(letter => letter.Service, StringComparer.Ordinal).Select(own => $"{own.Count()} of {own.Key}{(own.Count() == MostOfOne ? " (the first; there may be more)" : "")}");
        return $"{letters.Count} dead letter{(letters.Count == 1 ? "" : "s")}: {string.Join(", ", services)}";
    }

    private static string PathOf(string id) => $"/admin/dead-letters/{Uri.EscapeDataString(id)}";

    private static string Short(string type) => type[(type.LastIndexOf('.') + 1)..];

    private static string Cut(string error) => error.ReplaceLineEndings(" ") is { Length: > ErrorShown } one ? $"{one[..ErrorShown]}…" : error.ReplaceLineEndings(" ");

    /// <summary>The words that choose dead letters; each command has its own.</summary>
    private sealed class Chosen
    {
        public Argument<string> Id { get; } = new("ID") { Description = "As list shows it." };

        public Option<string?> Service { get; } = new("--service") { Description = "Only this service's.", HelpName = "NAME" };

        public Option<string?> Type { get; } = new("--type") { Description = "Only of this type: its name, with or without what stands before it.", HelpName = "TYPE" };

        public Option<string?> Error { get; } = new("--error") { Description = "Only with this in their error.", HelpName = "TEXT" };

        public async Task<IReadOnlyList<ListedDeadLetter>> FindAsync(Desk desk, ParseResult parsed, CancellationToken ct)
        {
            var query = $"/admin/dead-letters?type={Uri.EscapeDataString(parsed.GetValue(Type) ?? "")}&error={Uri.EscapeDataString(parsed.GetValue(Error) ?? "")}";
            return [.. (await desk.AskEachAsync(desk.Services(parsed.GetValue(Service)), query, ct))
                .SelectMany(one => one.Answer.Read(WireJson.Default.DeadLetters).Items.Select(letter => new ListedDeadLetter(one.Service.Name, letter)))];
        }

        public async Task<(ProcessEntry Service, DeadLetter Letter)> OneAsync(Desk desk, ParseResult parsed, CancellationToken ct)
        {
            var id = parsed.GetRequiredValue(Id);
            return await desk.WhoKnowsAsync(desk.Services(parsed.GetValue(Service)), PathOf(id), ct) switch
            {
                [] when desk.IsShort => throw new Refusal($"no service that answers has a dead letter {id}; ask again when all do"),
                [] => throw new Refusal($"no service has a dead letter {id}; ./argosy dead-letters list has all that there are"),
                [var (service, _)] when desk.IsShort => throw new Refusal($"{id} is dead in {service.Name}, and perhaps in one that doesn't answer: say which with --service"),
                [var (service, answer)] => (service, answer.Read(WireJson.Default.DeadLetter)),
                var several => throw new Refusal($"{id} is dead in {string.Join(" and ", several.Select(one => one.Service.Name))}: say which with --service"),
            };
        }
    }
}

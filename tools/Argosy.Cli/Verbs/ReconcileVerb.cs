using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Argosy.Cli.Access;
using Argosy.Cli.Processes;
using Argosy.Cli.Reconcile;

namespace Argosy.Cli.Verbs;

/// <summary>Orders, payments, the provider's ledger, stock and shipments held against each other, while everything runs.</summary>
internal static class ReconcileVerb
{
    private const double UsualWait = 10;
    private const double LongestWait = 3600;
    private static readonly TimeSpan BetweenReadings = TimeSpan.FromSeconds(1);

    public static Command Create(CliContext cli)
    {
        var wait = new Option<double>("--wait")
        {
            Description = "Seconds for which every reading has to find a difference before it is one; what is on its way has passed by then.",
            HelpName = "S",
            DefaultValueFactory = _ => UsualWait,
        };
        var json = new Option<bool>("--json") { Description = "Print the differences as JSON." };
        var command = new Command("reconcile", "Hold orders, payments, the provider's ledger, stock and shipments against each other, and propose a repair for each difference. It repairs nothing. Exit code 1 where there are differences.") { wait, json };
        command.Validators.Add(given =>
        {
            if (given.GetResult(wait) is { Tokens: [var token] } && double.TryParse(token.Value, CultureInfo.InvariantCulture, out var seconds) && seconds is not (>= 0 and <= LongestWait))
            {
                given.AddError($"--wait takes seconds from 0 to {LongestWait:0}.");
            }
        });
        command.SetAction(async (parsed, ct) =>
        {
            var stands = TimeSpan.FromSeconds(parsed.GetValue(wait));
            var desk = await Desk.OpenAsync(cli, parsed, ct);
            var (differences, inFlight) = await RunAsync(cli, desk, await ProviderAsync(cli, parsed, ct), stands, ct);
            if (parsed.GetValue(json))
            {
                cli.Screen.Print(JsonSerializer.Serialize(differences, BooksJson.Default.Differences));
            }
            else
            {
                Print(cli, differences);
            }

            var verdict = string.Create(CultureInfo.InvariantCulture, $"{(differences.Count == 0 ? "no differences" : $"{differences.Count} differences that have stood for {stands.TotalSeconds:0.#} s")}; {inFlight} orders are on their way and not judged");
            cli.Screen.Say(verdict);
            await NoteAsync(cli, desk, verdict, ct);
            return differences.Count == 0 ? ExitCodes.Done : ExitCodes.Failed;
        });
        return command;
    }

    private static async Task<(IReadOnlyList<Difference>, int InFlight)> RunAsync(CliContext cli, Desk desk, ProcessEntry provider, TimeSpan stands, CancellationToken ct)
    {
        var reader = new BooksReader(desk, provider);
        var persistence = new Persistence(stands, cli.Time);
        var isSaid = false;
        while (true)
        {
            var (found, inFlight) = Comparison.Of(await reader.ReadAsync(ct));
            if (persistence.Note(found))
            {
                return (persistence.Standing(), inFlight);
            }

            if (!isSaid)
            {
                isSaid = true;
                cli.Screen.Say($"{found.Count} things differ at the moment; looking for {stands.TotalSeconds:0.#} s whether they pass");
            }

            await Task.Delay(BetweenReadings, cli.Time, ct);
        }
    }

    // It changes nothing, and nobody else would know that the books were looked at, and by whom.
    private static async Task NoteAsync(CliContext cli, Desk desk, string verdict, CancellationToken ct)
    {
        var note = Ask.Post("/admin/audit/notes", new AuditNote("reconcile", verdict), WireJson.Default.AuditNote) with { IdempotencyKey = $"reconcile-{Guid.CreateVersion7(cli.Time.GetUtcNow())}" };
        try
        {
            await desk.AskAsync(desk.Services("order-service")[0], note, ct);
        }
        catch (Exception e) when (e is UnansweredException or Refusal)
        {
            cli.Screen.Say($"argosy: this look at the books isn't in the audit trail: {e.Message}");
        }
    }

    private static void Print(CliContext cli, IEnumerable<Difference> differences)
    {
        foreach (var (about, what, repair) in differences)
        {
            cli.Screen.Print(about);
            cli.Screen.Print($"    {what}");
            cli.Screen.Print($"    → {repair}");
        }
    }

    private static async Task<ProcessEntry> ProviderAsync(CliContext cli, ParseResult parsed, CancellationToken ct)
    {
        var state = await CliContext.RunningAsync(cli.DataOf(parsed), ct);
        return state.Processes.FirstOrDefault(process => process.Name == Catalog.Provider)
            ?? throw new Refusal($"no {Catalog.Provider} runs here, and a real provider's ledger isn't read: compare its export with GET /admin/statement of payment-service");
    }
}

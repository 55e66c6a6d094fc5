using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Text.Json;
using Argosy.Cli.Demo;

namespace Argosy.Cli.Verbs;

internal static class DemoVerb
{
    private const int DefaultOrders = 200;
    private const int DefaultInFlight = 64;
    private const int MostOrders = 100_000;

    public static Command Create(CliContext cli)
    {
        var orders = new Option<int>("--orders") { Description = "How many orders.", HelpName = "N", DefaultValueFactory = _ => DefaultOrders };
        var rate = new Option<double?>("--rate") { Description = "Orders a second (default: as fast as they are carried).", HelpName = "R" };
        var inFlight = new Option<int>("--in-flight") { Description = "How many may be under way at once.", HelpName = "N", DefaultValueFactory = _ => DefaultInFlight };
        var seed = new Option<int?>("--seed") { Description = "Repeat the choices of an earlier run.", HelpName = "N" };
        var json = new Option<bool>("--json") { Description = "Write the result as JSON." };
        orders.Validators.Add(r => Within(r, DemoPlan.SmallestRun, MostOrders));
        inFlight.Validators.Add(r => Within(r, 1, 1_000));
        rate.Validators.Add(r => Within(r, double.Epsilon, MostOrders));

        var command = new Command("demo", "Place orders of every kind, follow each to its end, and check all books against what was told. Exit code 1 if anything doesn't add up.")
        {
            orders, rate, inFlight, seed, json,
        };
        command.SetAction(async (parsed, ct) =>
        {
            var data = cli.DataOf(parsed);
            var fleet = await CliContext.RunningAsync(data, ct);
            var options = new DemoOptions(parsed.GetValue(orders), parsed.GetValue(rate), parsed.GetValue(inFlight), parsed.GetValue(seed) ?? Random.Shared.Next(1, 1_000_000));
            var result = await new DemoRun(cli.Screen, cli.Time, data, fleet, options).RunAsync(ct);
            if (parsed.GetValue(json))
            {
                cli.Screen.Print(JsonSerializer.Serialize(result, DemoResultJson.Default.DemoResult));
            }
            else
            {
                DemoReport.Write(result, cli.Screen.Lines);
            }

            return result.AddsUp ? ExitCodes.Done : ExitCodes.Failed;
        });
        return command;
    }

    // What isn't a number at all, the parser says by itself.
    private static void Within(OptionResult option, double from, double to)
    {
        if (option.Tokens is [var token] && double.TryParse(token.Value, CultureInfo.InvariantCulture, out var value) && (value < from || value > to))
        {
            option.AddError($"{option.Option.Name} must be {(from < 1 ? $"over 0 and at most {to}" : $"from {from} to {to}")}, and is {token.Value}.");
        }
    }
}

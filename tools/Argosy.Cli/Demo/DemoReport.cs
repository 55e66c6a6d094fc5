using System.Globalization;
using Argosy.Checker;
using Spectre.Console;

namespace Argosy.Cli.Demo;

/// <summary>The end of a run for whoever reads it, in eighty columns: how orders ended, how long it took, and whether the books agree.</summary>
internal static class DemoReport
{
    private const int ShownFindings = 10;
    private const int Width = 80;
    private const int BookWidth = 12;

    public static void Write(DemoResult result, IAnsiConsole console)
    {
        console.MarkupLine($"[bold]Demo {result.Run}[/] · {result.Orders} orders · {result.Customers} customers · seed {result.Seed} · "
            + $"{Number(result.Seconds, "0.0")} s ({Number(result.Orders / result.Seconds, "0.0")} orders/s)\n");
        console.MarkupLine($"[bold]{"",-38}{"submit→accepted ms",-20}{"submit→final ms"}[/]");
        console.MarkupLine($"[bold]{"KIND",-20}{"ORDERS",6}  {"ENDED",-10}{"p50",5}{"p95",6}{"p99",6}  {"p50",7}{"p95",7}{"p99",7}[/]");
        foreach (var outcome in result.Outcomes)
        {
            console.MarkupLine(Row(outcome));
        }

        console.MarkupLine(Row(result.Total) + "\n");
        foreach (var book in result.Books)
        {
            // Up to book a it is about what this run's clients were told; the databases know everything.
            if (book.Book.StartsWith("b ", StringComparison.Ordinal))
            {
                console.MarkupLine("\n[bold]This data folder, earlier runs included[/]");
            }

            WriteBook(book, console);
        }

        var (lost, unsure) = result.Doubts;
        console.MarkupLine(lost + unsure == 0
            ? "\n  No request was in doubt."
            : $"\n  In doubt: {lost} requests got no answer, {unsure} an uncertain one; all were asked again\n  with the same key until it was known what had become of them.");
        console.MarkupLine(result.AddsUp
            ? "\n[green bold]It adds up.[/]"
            : $"\n[red bold]It does not add up: {result.Books.Sum(b => b.Findings.Count)} findings.[/]");
    }

    private static string Row(OutcomeClass o)
    {
        var ended = o.AsItShould ? $"{o.Outcome,-10}" : $"[red]{o.Outcome,-10}[/]";
        return $"{o.Kind,-20}{o.Count,6}  {ended}{Shown(o.Accepted, 5, 6)}  {Shown(o.Final, 7, 7)}";
    }

    private static void WriteBook(BookResult book, IAnsiConsole console)
    {
        var mark = book.AddsUp ? "[green]✔[/]" : "[red]✘[/]";
        console.MarkupLine($"  {mark} {book.Book,-BookWidth} {book.Summary.EscapeMarkup()}");
        foreach (var finding in book.Findings.Take(ShownFindings))
        {
            foreach (var line in Wrapped(finding.Says, Width - BookWidth - 7))
            {
                console.MarkupLine($"{"",-BookWidth}     [red]{line.EscapeMarkup()}[/]");
            }
        }

        if (book.Findings.Count > ShownFindings)
        {
            console.MarkupLine($"{"",-BookWidth}     [red]… and {book.Findings.Count - ShownFindings} more (--json has all)[/]");
        }
    }

    private static string Shown(Latency? latency, int first, int others) => latency is null
        ? new string(' ', first + (2 * others))
        : Time(latency.P50).PadLeft(first) + Time(latency.P95).PadLeft(others) + Time(latency.P99).PadLeft(others);

    // After an outage some took minutes: then in seconds, since six digits would touch their neighbours.
    private static string Time(double milliseconds) => milliseconds < 99_999.5 ? Number(milliseconds, "0") : $"{Number(milliseconds / 1_000, "0")} s";

    private static IEnumerable<string> Wrapped(string text, int width)
    {
        var line = "";
        foreach (var word in text.Split(' '))
        {
            if (line.Length > 0 && line.Length + 1 + word.Length > width)
            {
                yield return line;
                line = "";
            }

            line = line.Length == 0 ? word : $"{line} {word}";
        }

        yield return line;
    }

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}

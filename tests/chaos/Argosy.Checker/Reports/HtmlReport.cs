using System.Globalization;
using System.Net;
using System.Text;
using Argosy.Checker.History;

namespace Argosy.Checker.Reports;

/// <summary>A verdict as one page that needs nothing else: what doesn't add up and the facts for it, when what was, and every book.</summary>
internal static class HtmlReport
{
    private const int ShownFindings = 20;

    private static readonly char[] BetweenWords = [' ', ',', ';', ':', '(', ')', '/', '\''];

    /// <param name="title">What was done, for example the name of an experiment and its seed.</param>
    /// <param name="books">What was found.</param>
    /// <param name="lines">What clients saw, and the faults.</param>
    public static string Of(string title, IReadOnlyList<BookResult> books, IReadOnlyList<HistoryLine> lines)
    {
        var timeline = new Timeline(lines);
        var html = new StringBuilder();
        var findings = books.Sum(book => book.Findings.Count);
        html.Append(CultureInfo.InvariantCulture, $"""
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>{(findings == 0 ? "It adds up" : "It does not add up")}: {Encoded(title)}</title>
            <style>
            {SqlBook.Text("report.css")}
            </style>
            </head>
            <body>
            <p class="soft">{Encoded(title)}</p>
            <h1 class="{(findings == 0 ? "ok" : "bad")}">{(findings == 0 ? "✔ It adds up." : $"✘ It does not add up: {findings} finding{(findings == 1 ? "" : "s")}.")}</h1>
            <p>{Summary(lines)}</p>

            """);
        foreach (var book in books.Where(book => !book.AddsUp))
        {
            WriteFindings(html, book, timeline);
        }

        if (lines.Count > 0)
        {
            html.Append(CultureInfo.InvariantCulture, $"<h2>When what was</h2>\n<p class=\"soft\">{timeline.Length}. <span class=\"ok\">■ done</span> <span class=\"bad\">■ refused</span> <span class=\"unknown\">■ unknown</span></p>\n");
            timeline.WriteOperations(html);
            timeline.WriteFaults(html);
        }

        html.Append("<h2>Books</h2>\n<table>\n");
        foreach (var book in books)
        {
            html.Append(CultureInfo.InvariantCulture, $"<tr><td class=\"{(book.AddsUp ? "ok" : "bad")}\">{(book.AddsUp ? '✔' : '✘')} {Encoded(book.Book)}</td><td>{Encoded(book.Summary)}</td></tr>\n");
        }

        return html.Append("</table>\n</body>\n</html>\n").ToString();
    }

    private static void WriteFindings(StringBuilder html, BookResult book, Timeline timeline)
    {
        html.Append(CultureInfo.InvariantCulture, $"<h2>✘ Book {Encoded(book.Book)}</h2>\n");
        foreach (var finding in book.Findings.Take(ShownFindings))
        {
            html.Append(CultureInfo.InvariantCulture, $"<h3>{Encoded(finding.Says)}</h3>\n");
            if (finding.Facts.Count > 0)
            {
                html.Append("<p class=\"soft\">Not all of this can be so:</p>\n<ul class=\"facts\">\n");
                html.AppendJoin("", finding.Facts.Select(fact => $"<li><code>{Encoded(fact.From)}</code>{Encoded(fact.Says)}</li>\n")).Append("</ul>\n");
            }

            if (finding.Says.Split(BetweenWords).FirstOrDefault(timeline.Knows) is { } order)
            {
                html.Append(CultureInfo.InvariantCulture, $"<p class=\"soft\">All that was asked about order {Encoded(order)}</p>\n");
                timeline.WriteFaults(html);
                timeline.WriteOrder(html, order, finding.Facts.Select(fact => fact.From).ToHashSet(StringComparer.Ordinal));
            }
        }

        html.Append(book.Findings.Count > ShownFindings ? $"<p class=\"soft\">… and {book.Findings.Count - ShownFindings} more</p>\n" : "");
    }

    private static string Summary(IReadOnlyList<HistoryLine> lines)
    {
        var operations = lines.Where(line => line.Act is not (Act.Fault or Act.Healed)).ToList();
        var faults = lines.Count(line => line is { Act: Act.Fault, Side: Side.Begin });
        return $"{operations.Count} operations by {operations.Select(line => line.Client).OfType<string>().Distinct(StringComparer.Ordinal).Count()} clients, "
            + $"{operations.Count(line => line.Status is null)} of them without an answer, under {faults} fault{(faults == 1 ? "" : "s")}; {operations.Count(line => line.Final == true)} final reads.";
    }

    private static string Encoded(string text) => WebUtility.HtmlEncode(text);
}

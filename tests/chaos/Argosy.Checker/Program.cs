using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Argosy.Checker;
using Argosy.Checker.History;
using Argosy.Checker.Reports;

const int AddsUp = 0, DoesNotAddUp = 1, BadInput = 2;

var data = new Option<string>("--data") { Description = "The fleet's data folder.", HelpName = "DIR", DefaultValueFactory = _ => ".argosy" };
var history = new Option<string[]>("--history") { Description = "What clients saw, as JSON lines (default: all of DIR/demo).", HelpName = "FILE", AllowMultipleArgumentsPerToken = true };
var wait = new Option<double>("--wait") { Description = "Seconds that messages and sagas may take to come to rest.", HelpName = "S", DefaultValueFactory = _ => Audit.RestWithin.TotalSeconds };
var report = new Option<string?>("--report") { Description = "Write the verdict as a page too, with a timeline.", HelpName = "FILE" };
var json = new Option<bool>("--json") { Description = "Write the books as JSON." };

var root = new RootCommand("Holds the books of a fleet against each other and against what its clients were told. Exit codes: 0 all adds up, 1 something doesn't, 2 bad input.")
{
    data, history, wait, report, json,
};
root.SetAction(async (parsed, cancellation) =>
{
    var folder = parsed.GetValue(data)!;
    var patience = parsed.GetValue(wait) is >= 0 and <= 3600 and var seconds ? TimeSpan.FromSeconds(seconds) : throw new BadInputException("--wait must be from 0 to 3600");
    var told = Path.Combine(folder, "demo");
    var histories = parsed.GetValue(history) is { Length: > 0 } named ? named : Directory.Exists(told) ? Directory.GetFiles(told, "*.jsonl") : [];
    var books = await Audit.RunAsync(folder, histories, patience, TimeProvider.System, cancellation);
    if (parsed.GetValue(report) is { } page)
    {
        await WriteReportAsync(page, $"checker of {Path.GetFullPath(folder)}", books, histories, cancellation);
    }

    if (parsed.GetValue(json))
    {
        await Console.Out.WriteLineAsync(JsonSerializer.Serialize(books, JsonSerializerOptions.Web));
    }
    else
    {
        await WriteAsync(books);
    }

    return books.All(book => book.AddsUp) ? AddsUp : DoesNotAddUp;
});

var parsed = root.Parse(args);
if (parsed.Errors.Count > 0)
{
    await Console.Error.WriteLineAsync($"checker: {string.Join(' ', parsed.Errors.Select(error => error.Message))} See --help.");
    return BadInput;
}

try
{
    return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
}
catch (BadInputException e)
{
    await Console.Error.WriteLineAsync($"checker: {e.Message}");
    return BadInput;
}

static async Task WriteReportAsync(string file, string title, IReadOnlyList<BookResult> books, IReadOnlyList<string> histories, CancellationToken cancellation)
{
    try
    {
        await File.WriteAllTextAsync(file, HtmlReport.Of(title, books, [.. histories.SelectMany(history => Operations.Of([.. HistoryFile.Read(history)]))]), cancellation);
    }
    catch (Exception e) when (e is IOException or UnauthorizedAccessException)
    {
        throw new BadInputException($"the report can't be written to {file}: {e.Message}");
    }
}

static async Task WriteAsync(IReadOnlyList<BookResult> books)
{
    foreach (var book in books)
    {
        await Console.Out.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{(book.AddsUp ? '✔' : '✘')} {book.Book,-12} {book.Summary}"));
        foreach (var finding in book.Findings)
        {
            await Console.Out.WriteLineAsync($"    book {book.Book[0]}: {finding.Says}");
            foreach (var fact in finding.Facts)
            {
                await Console.Out.WriteLineAsync($"        {fact.From}: {fact.Says}");
            }
        }
    }
}

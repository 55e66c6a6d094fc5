using Argosy.Checker.Model;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Argosy.Checker;

/// <summary>
/// Reads all books of a fleet, together with what its clients were told. The protocol:
/// <list type="number">
/// <item>Everything that happened has to be over: messages taken (g), sagas ended (h). Wait for it, at most as long as is allowed.</item>
/// <item>Read all books in one transaction.</item>
/// <item>Nobody committed anything meanwhile: what was found is so. Else it may be a moment that passes: read again.</item>
/// <item>Where others never rest, only what two readings in succession found counts.</item>
/// </list>
/// </summary>
internal sealed class Audit(Databases databases, TimeProvider time)
{
    /// <summary>How long sagas and messages may take to come to rest (book h).</summary>
    public static readonly TimeSpan RestWithin = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan BetweenReadings = TimeSpan.FromMilliseconds(500);

    private static readonly SqlBook[] Books =
    [
        SqlBook.Read("a", "orders"), SqlBook.Read("b", "captures"), SqlBook.Read("c", "refunds"), SqlBook.Read("d", "balance"), SqlBook.Read("e", "stock"),
        SqlBook.Read("f", "shipments"), SqlBook.Read("g", "messages"), SqlBook.Read("h", "sagas"), SqlBook.Read("i", "views"), SqlBook.Read("j", "answers"),
    ];

    /// <summary>Reads a fleet's databases and the histories of its clients, and holds all of them against each other.</summary>
    /// <exception cref="BadInputException">There is nothing to check, or it can't be read.</exception>
    public static async Task<IReadOnlyList<BookResult>> RunAsync(
        string folder, IReadOnlyList<string> histories, TimeSpan patience, TimeProvider time, CancellationToken cancellation)
    {
        try
        {
            using var databases = Databases.Open(folder, histories);
            return await new Audit(databases, time).RunAsync(patience, cancellation);
        }
        catch (Exception e) when (e is SqliteException or NpgsqlException)
        {
            throw new BadInputException($"the databases of {folder} can't be read: {e.Message}");
        }
    }

    public async Task<IReadOnlyList<BookResult>> RunAsync(TimeSpan patience, CancellationToken cancellation)
    {
        var began = time.GetTimestamp();
        IReadOnlyList<BookResult>? before = null;
        while (true)
        {
            var isOver = time.GetElapsedTime(began) >= patience;
            if (isOver || Read(IsAboutRest).All(book => book.AddsUp))
            {
                databases.Refresh();
                var fingerprint = databases.Fingerprint();
                var books = Read(_ => true);
                var isQuiet = fingerprint == databases.Fingerprint();
                if (books.All(book => book.AddsUp) || (isQuiet && (isOver || books.All(book => book.AddsUp || !IsAboutRest(book.Book)))))
                {
                    return books;
                }

                if (isOver && before is not null)
                {
                    return Lasting(before, books);
                }

                before = books;
            }

            await Task.Delay(BetweenReadings, time, cancellation);
        }
    }

    private static bool IsAboutRest(string book) => book is ['g' or 'h', ..];

    // One transaction: each database is read as it was at one instant, whoever writes meanwhile.
    private List<BookResult> Read(Func<string, bool> wanted)
    {
        databases.Refresh();
        databases.Execute("begin");
        try
        {
            databases.Execute(SqlBook.Text("facts.sql"));
            var now = time.GetUtcNow();
            IReadOnlyList<BookResult> model = wanted("k") ? [new ModelBook(databases).Check()] : [];
            return [.. Books.Where(book => wanted(book.Letter)).Select(book => book.Check(databases, now)).Select(result => result.Book[0] == 'i' ? ViewsBook.Check(result, databases) : result), .. model];
        }
        finally
        {
            databases.Execute("rollback");
        }
    }

    private static List<BookResult> Lasting(IReadOnlyList<BookResult> before, IReadOnlyList<BookResult> now) =>
        [.. now.Zip(before, (book, earlier) => book with { Findings = [.. book.Findings.Where(finding => earlier.Findings.Any(before => before.Says == finding.Says))] })];
}

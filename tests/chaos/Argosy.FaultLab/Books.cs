using Argosy.Checker;
using Argosy.Checker.History;

namespace Argosy.FaultLab;

/// <summary>What the checker finds in a fleet's books, for a verdict.</summary>
internal static class Books
{
    private const string Unread = "unread";

    /// <summary>Holds all books against what clients were told. That they can't be read is a finding, the worst there is.</summary>
    public static async Task<IReadOnlyList<BookResult>> ReadAsync(string folder, string history, TimeSpan patience, TimeProvider time, CancellationToken ct)
    {
        try
        {
            return await Audit.RunAsync(folder, [history], patience, time, ct);
        }
        catch (BadInputException e)
        {
            ct.ThrowIfCancellationRequested();      // who is interrupted has found nothing
            return [new BookResult(Unread, "whether there is anything to be read", [$"no book can be read: {e.Message}"])];
        }
    }

    /// <summary>What clients did, operation by operation; nothing where their history can't be read, which <see cref="ReadAsync"/> has found.</summary>
    public static IReadOnlyList<HistoryLine> OperationsOf(string history)
    {
        try
        {
            return [.. Operations.Of([.. HistoryFile.Read(history)])];
        }
        catch (BadInputException)
        {
            return [];
        }
    }

    /// <summary>What is wrong in them, each in a line.</summary>
    public static IEnumerable<string> FindingsOf(IEnumerable<BookResult> books) =>
        books.SelectMany(book => book.Findings.Select(finding => book.Book == Unread ? finding.Says : $"book {book.Book[0]}: {finding.Says}"));
}

using Argosy.Checker;
using Argosy.Checker.History;
using Microsoft.Data.Sqlite;
using Shouldly;
using Xunit;

namespace Argosy.E2E;

/// <summary>
/// What a few orders of every kind left in a real fleet: its databases, copied once, and the demo's own history. Tests take a copy
/// of it and spoil one thing.
/// </summary>
public sealed class SmallHistory(Fleet fleet) : IAsyncLifetime
{
    private static readonly TimeSpan Within = TimeSpan.FromMinutes(2);

    private readonly string _folder = Directory.CreateTempSubdirectory("argosy-books-").FullName;

    internal string Folder => _folder;

    internal string HistoryPath => Directory.GetFiles(Path.Combine(_folder, "demo")).Single();

    public async ValueTask InitializeAsync()
    {
        var demo = await Launcher.ArgosyAsync(Within, "demo", "--orders", "44", "--seed", "20261123", "--data", fleet.Data);
        demo.ExitCode.ShouldBe(0, demo.ToString());
        var history = new DirectoryInfo(Path.Combine(fleet.Data, "demo")).GetFiles("*.jsonl").MaxBy(file => file.LastWriteTimeUtc)!;
        Directory.CreateDirectory(Path.Combine(_folder, "demo"));
        history.CopyTo(Path.Combine(_folder, "demo", history.Name));
        foreach (var database in Directory.GetFiles(Path.Combine(fleet.Data, "services"), "*.db", SearchOption.AllDirectories))
        {
            Copy(database, Path.Combine(_folder, Path.GetRelativePath(fleet.Data, database)));
        }
    }

    public ValueTask DisposeAsync()
    {
        Directory.Delete(_folder, recursive: true);
        return ValueTask.CompletedTask;
    }

    /// <summary>A copy to spoil; it ends with the test.</summary>
    internal SpoiledFleet Spoil() => new(this);

    // A live database is more than its file: SQLite makes the copy.
    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(to)!);
        using var connection = new SqliteConnection($"Data Source={from};Mode=ReadOnly;Pooling=false");
        connection.Open();
        using var copy = connection.CreateCommand();
        copy.CommandText = "vacuum into $to";
        copy.Parameters.AddWithValue("$to", to);
        copy.ExecuteNonQuery();
    }
}

/// <summary>A copy of a fleet's books in which one thing is about to be wrong.</summary>
internal sealed class SpoiledFleet : IDisposable
{
    private static readonly (string Schema, string Process)[] Databases =
    [
        ("accounts", "auth-service"), ("inventory", "inventory-service"), ("orders", "order-service"),
        ("payments", "payment-service"), ("shipping", "shipping-service"), ("provider", "payment-provider"),
    ];

    private readonly string _folder = Directory.CreateTempSubdirectory("argosy-spoiled-").FullName;
    private readonly string _history;

    public SpoiledFleet(SmallHistory original)
    {
        foreach (var file in Directory.GetFiles(original.Folder, "*", SearchOption.AllDirectories))
        {
            var to = Path.Combine(_folder, Path.GetRelativePath(original.Folder, file));
            Directory.CreateDirectory(Path.GetDirectoryName(to)!);
            File.Copy(file, to);
        }

        _history = Path.Combine(_folder, Path.GetRelativePath(original.Folder, original.HistoryPath));
        Lines = [.. Operations.Of([.. HistoryFile.Read(_history)])];
    }

    public string Folder => _folder;

    /// <summary>What the clients say; written back before the books are read.</summary>
    public List<HistoryLine> Lines { get; }

    /// <summary>Changes the databases behind everybody's back, past the checks and triggers that would not have it.</summary>
    public void Run(string sql)
    {
        using var connection = new SqliteConnection("Data Source=file::memory:;Pooling=false");
        connection.Open();
        foreach (var (schema, process) in Databases)
        {
            Execute(connection, $"attach '{Path.Combine(_folder, "services", process, $"{process}.db")}' as {schema}");
        }

        Execute(connection, "pragma ignore_check_constraints = on; pragma foreign_keys = off");
        Execute(connection, "drop trigger provider.ledger_is_never_changed; drop trigger provider.ledger_is_never_shortened");
        Execute(connection, sql).ShouldBeGreaterThan(0, $"nothing was spoiled by {sql}");
    }

    /// <summary>An order by where it ended, and whether money moved; where none did, one that nobody asked to cancel.</summary>
    public string Order(string status, bool wasCharged = true)
    {
        using var connection = new SqliteConnection($"Data Source={Path.Combine(_folder, "services", "payment-provider", "payment-provider.db")};Mode=ReadOnly;Pooling=false");
        connection.Open();
        using var charged = connection.CreateCommand();
        charged.CommandText = "select count(*) from ledger where order_id = $order";
        var parameter = charged.Parameters.Add("$order", SqliteType.Text);
        var ended = Lines.Where(line => line.Order is not null).GroupBy(line => line.Order!).Where(lines => lines.Last(line => line.Told is not null).Told == status);
        foreach (var order in ended.Where(lines => wasCharged || lines.All(line => line.Act != Act.Cancel)))
        {
            parameter.Value = order.Key;
            if ((long)charged.ExecuteScalar()! > 0 == wasCharged)
            {
                return order.Key;
            }
        }

        throw new InvalidOperationException($"no order of this history is {status} {(wasCharged ? "and" : "without being")} charged");
    }

    /// <summary>Everything that is found, each with its book's letter in front.</summary>
    public async Task<IReadOnlyList<string>> FindingsAsync() =>
        [.. (await BooksAsync()).SelectMany(book => book.Findings.Select(finding => $"{book.Book[0]}: {finding.Says}"))];

    /// <summary>All books, as the checker reads them.</summary>
    public async Task<IReadOnlyList<BookResult>> BooksAsync()
    {
        await File.WriteAllLinesAsync(_history, Lines.Select(HistoryFile.Write));
        return await Audit.RunAsync(_folder, [_history], TimeSpan.Zero, TimeProvider.System, CancellationToken.None);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static int Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteNonQuery();
    }
}

using System.Globalization;
using System.Text.Json;
using Argosy.Checker.History;
using Microsoft.Data.Sqlite;

namespace Argosy.Checker;

/// <summary>
/// All databases of a fleet behind one connection, read-only, and the clients' history beside them as the table <c>said</c>: so a
/// book is a handful of queries over all of them.
/// </summary>
internal sealed class Databases : IDisposable
{
    private const string SaidTable =
        """
        create temp table said (n integer primary key, whence text not null, asked integer not null, at integer not null, act text not null, customer text, key text,
            order_id text, sku text, status integer, code text, told text, total integer, currency text,
            expected integer, expected_currency text, stock integer);
        create index temp.said_order on said (order_id);
        create index temp.said_customer on said (customer, key);
        """;

    // How the books call them → who owns them.
    private static readonly (string Schema, string Process)[] Owners =
    [
        ("accounts", "auth-service"), ("users", "user-service"), ("inventory", "inventory-service"), ("orders", "order-service"),
        ("payments", "payment-service"), ("shipping", "shipping-service"), ("notifications", "notification-service"), ("provider", "payment-provider"),
    ];

    private readonly List<PostgresMirror> _mirrors = [];
    private readonly SqliteConnection _connection = new("Data Source=file::memory:;Pooling=false");

    private Databases()
    {
        _connection.Open();
        Execute("pragma temp_store = memory");     // in files, temporary tables of thousands of rows are read as malformed after a rollback (SQLite 3.50.4)
    }

    /// <summary>The clients' histories, as operations.</summary>
    public IReadOnlyList<HistoryLine> Lines { get; private set; } = [];

    /// <summary>
    /// Opens what lies under <c>DIR/services</c>; whether the fleet runs doesn't matter. Where <c>DIR/keys/databases.json</c> says that
    /// a service has a database on a server, that one is copied, and has to run.
    /// </summary>
    /// <exception cref="BadInputException">A database is missing, or a history can't be read.</exception>
    public static Databases Open(string folder, IReadOnlyList<string> histories)
    {
        var databases = new Databases();
        try
        {
            var servers = Servers(folder);
            foreach (var (schema, process) in Owners)
            {
                if (servers.TryGetValue(process, out var address))
                {
                    databases.Mirror(schema, address);
                }
                else
                {
                    databases.Attach(schema, Path.Combine(folder, "services", process, $"{process}.db"));
                }
            }

            if (histories.GroupBy(Path.GetFileName, StringComparer.Ordinal).FirstOrDefault(same => same.Count() > 1) is { } twice)
            {
                throw new BadInputException($"two histories are called {twice.Key}; what is found says by that name where it stands");
            }

            databases.Lines = [.. histories.SelectMany(history => Operations.Of([.. HistoryFile.Read(history)]))];
            databases.Load(databases.Lines);
            return databases;
        }
        catch
        {
            databases.Dispose();
            throw;
        }
    }

    /// <summary>A number that changes whenever anybody commits anything anywhere.</summary>
    public string Fingerprint() => string.Join('.', Owners.Select(owner => Scalar($"pragma {owner.Schema}.data_version")).Concat(_mirrors.Select(mirror => mirror.Fingerprint())));

    /// <summary>Copies again what others have written to servers since the last time.</summary>
    public void Refresh() => _mirrors.ForEach(mirror => mirror.Refresh());

    public void Execute(string sql, params ReadOnlySpan<(string Name, object? Value)> arguments)
    {
        using var command = Command(sql, arguments);
        command.ExecuteNonQuery();
    }

    /// <summary>Every row, each of its columns as text.</summary>
    public IReadOnlyList<IReadOnlyList<string?>> Rows(string sql, params ReadOnlySpan<(string Name, object? Value)> arguments)
    {
        using var command = Command(sql, arguments);
        using var reader = command.ExecuteReader();
        var rows = new List<IReadOnlyList<string?>>();
        while (reader.Read())
        {
            rows.Add([.. Enumerable.Range(0, reader.FieldCount).Select(i => reader.IsDBNull(i) ? null : reader.GetString(i))]);
        }

        return rows;
    }

    /// <summary>The rows that a book refers to, <c>schema.table/column/value</c>; a line of a history is <c>said/n/NUMBER</c>.</summary>
    public IReadOnlyList<Fact> Facts(string reference) => reference.StartsWith("said/n/", StringComparison.Ordinal)
        ? [Lines[int.Parse(reference["said/n/".Length..], CultureInfo.InvariantCulture)].ToFact()]
        : Evidence.Of(this, Owners.First(owner => reference.StartsWith($"{owner.Schema}.", StringComparison.Ordinal)).Process, reference);

    /// <summary>The first two columns of every row; the first is of one row only.</summary>
    public Dictionary<string, string> Pairs(string sql)
    {
        using var command = Command(sql);
        using var rows = command.ExecuteReader();
        var pairs = new Dictionary<string, string>(StringComparer.Ordinal);
        while (rows.Read())
        {
            pairs.Add(rows.GetString(0), rows.GetString(1));
        }

        return pairs;
    }

    public SqliteCommand Command(string sql, params ReadOnlySpan<(string Name, object? Value)> arguments)
    {
        var command = _connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in arguments)
        {
            command.Parameters.AddWithValue(name, value ?? DBNull.Value);
        }

        return command;
    }

    public void Dispose()
    {
        _mirrors.ForEach(mirror => mirror.Dispose());
        _connection.Dispose();
    }

    private static Dictionary<string, Uri> Servers(string folder)
    {
        var file = Path.Combine(folder, "keys", "databases.json");
        return File.Exists(file) ? JsonSerializer.Deserialize<Dictionary<string, Uri>>(File.ReadAllText(file)) ?? [] : [];
    }

    private void Mirror(string schema, Uri address)
    {
        Execute($"attach ':memory:' as {schema}");
        _mirrors.Add(new PostgresMirror(_connection, schema, address));
    }

    private void Attach(string schema, string file)
    {
        if (!File.Exists(file))
        {
            throw new BadInputException($"there is no database {file}; a fleet's data folder has one for every process");
        }

        Execute($"attach @file as {schema}", ("@file", $"{new Uri(Path.GetFullPath(file)).AbsoluteUri}?mode=ro"));
    }

    private void Load(IEnumerable<HistoryLine> lines)
    {
        Execute(SaidTable);
        using var transaction = _connection.BeginTransaction();
        using var insert = Command(
            """
            insert into said (n, whence, asked, at, act, customer, key, order_id, sku, status, code, told, total, currency, expected, expected_currency, stock)
            values (@n, @whence, @asked, @at, @act, @customer, @key, @order, @sku, @status, @code, @told, @total, @currency, @expected, @expectedCurrency, @stock)
            """);
        insert.Transaction = transaction;
        foreach (var (n, line) in lines.Index().Where(line => line.Item.Act is not (Act.Fault or Act.Healed)))
        {
            insert.Parameters.Clear();
            insert.Parameters.AddWithValue("@n", n);
            Bind(insert.Parameters, line);
            insert.ExecuteNonQuery();
        }

        transaction.Commit();
    }

    private static void Bind(SqliteParameterCollection to, HistoryLine line)
    {
        (string, object?)[] values =
        [
            ("@whence", line.Whence!), ("@asked", line.Asked.ToUnixTimeMilliseconds()), ("@at", line.At.ToUnixTimeMilliseconds()), ("@act", line.Act), ("@customer", line.Customer), ("@key", line.Key),
            ("@order", line.Order), ("@sku", line.Sku), ("@status", line.Status), ("@code", line.Problem), ("@told", line.Told),
            ("@total", line.Total?.Minor), ("@currency", line.Total?.Currency), ("@expected", line.Expected?.Minor), ("@expectedCurrency", line.Expected?.Currency), ("@stock", line.Stock),
        ];
        foreach (var (name, value) in values)
        {
            to.AddWithValue(name, value ?? DBNull.Value);
        }
    }

    private string Scalar(string sql)
    {
        using var command = Command(sql);
        return Convert.ToString(command.ExecuteScalar(), CultureInfo.InvariantCulture) ?? "";
    }
}

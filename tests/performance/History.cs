using System.Text;
using System.Text.RegularExpressions;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Argosy.Performance;

/// <summary>
/// A past of any length for a fleet that stands still: one customer and one order that really came about, written into the
/// databases again and again under other ids.
/// <list type="number">
/// <item>Remember every database.</item>
/// <item>Let a new customer register, order and be confirmed. The rows that are new by their key are what one order leaves behind.</item>
/// <item>Every id in them that nobody had before is a place to fill in: the same id gets the same new one in all databases.</item>
/// </list>
/// Messages that were sent are left out: relays remove them by themselves.
/// </summary>
internal sealed partial class History
{
    private const int RowsPerCommit = 200_000;
    private static readonly HashSet<string> NotOfOneOrder = new(StringComparer.Ordinal) { "bus_outbox", "bus_cursor", "sqlite_sequence" };
    private readonly Dictionary<string, List<RowTemplate>> _rows = new(StringComparer.Ordinal);
    private int _orders;

    /// <summary>Lets <paramref name="live"/> happen between two looks at the databases, which nobody may be writing to at either.</summary>
    public static async Task<History> LearnAsync(string services, Func<Task> live)
    {
        var before = Directory.CreateTempSubdirectory("argosy-before-").FullName;
        try
        {
            foreach (var path in Databases(services))
            {
                using var database = Open(path);
                await database.ExecuteAsync("vacuum into @copy", new { copy = Path.Combine(before, Path.GetFileName(path)) });
            }

            await live();
            var history = new History();
            foreach (var path in Databases(services))
            {
                history._rows.Add(path, NewRows(path, Path.Combine(before, Path.GetFileName(path))));
            }

            return history;
        }
        finally
        {
            Directory.Delete(before, recursive: true);
        }
    }

    /// <summary>Rows that one order and its customer are.</summary>
    public int RowsPerOrder => _rows.Values.Sum(r => r.Count);

    /// <summary>Makes it <paramref name="orders"/> long; those that are there stay.</summary>
    public void GrowTo(int orders, CancellationToken cancellation)
    {
        foreach (var (path, rows) in _rows)
        {
            using var database = Open(path);
            database.Execute("pragma synchronous = off; pragma cache_size = -2000000");
            Fill(database, rows, _orders, orders, cancellation);
            database.Execute("pragma wal_checkpoint(truncate)");
        }

        _orders = orders;
    }

    private static void Fill(SqliteConnection database, List<RowTemplate> rows, int from, int to, CancellationToken cancellation)
    {
        var perCommit = Math.Max(1, RowsPerCommit / Math.Max(1, rows.Count));
        for (var start = from; start < to; start += perCommit)
        {
            cancellation.ThrowIfCancellationRequested();
            using var transaction = database.BeginTransaction();
            foreach (var row in rows)
            {
                row.Insert(transaction, start, Math.Min(start + perCommit, to));
            }

            transaction.Commit();
        }
    }

    private static List<RowTemplate> NewRows(string path, string before)
    {
        using var database = Open(path);
        database.Execute("attach @before as before", new { before });
        var known = Known(database);
        var templates = new List<RowTemplate>();
        foreach (var table in Tables(database))
        {
            var columns = database.Query<(string Name, string Type, long Key)>($"select name, type, pk from pragma_table_info('{table}')").AsList();
            var key = columns.Where(c => c.Key > 0).Select(c => c.Name).ToList();
            var isNew = $"not exists (select 1 from before.{table} b where {string.Join(" and ", key.Select(k => $"b.{k} = m.{k}"))})";
            using var reader = database.ExecuteReader($"select * from main.{table} m where {isNew}");
            while (reader.Read())
            {
                var values = Enumerable.Range(0, columns.Count)
                    .Where(i => !(columns[i].Key > 0 && columns[i].Type.Equals("integer", StringComparison.OrdinalIgnoreCase)))     // given out by the table
                    .ToDictionary(i => columns[i].Name, i => Value.Of(reader.GetValue(i), known));
                templates.Add(new RowTemplate(table, values));
            }
        }

        return templates;
    }

    // Ids that others share: of the catalogue, of keys, of the process's own accounts.
    private static HashSet<string> Known(SqliteConnection database)
    {
        var known = new HashSet<string>(StringComparer.Ordinal);
        foreach (var table in Tables(database))
        {
            foreach (IDictionary<string, object?> row in database.Query($"select * from before.{table}"))
            {
                known.UnionWith(row.Values.Where(v => v is string or byte[]).SelectMany(v => Id.Matches(Value.TextOf(v!))).Select(m => m.Value));
            }
        }

        return known;
    }

    private static List<string> Tables(SqliteConnection database) =>
        database.Query<string>("select name from before.sqlite_master where type = 'table'").Where(t => !NotOfOneOrder.Contains(t)).ToList();

    private static string[] Databases(string services) => Directory.GetFiles(services, "*.db", SearchOption.AllDirectories);

    private static SqliteConnection Open(string path)
    {
        var database = new SqliteConnection($"Data Source={path};Pooling=false");
        database.Open();
        return database;
    }

    // UUIDs, the random part of any other id, tracking numbers.
    [GeneratedRegex("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{16,}|[A-Z2-7]{13,}")]
    private static partial Regex Id { get; }

    /// <summary>One row of the order that really came about.</summary>
    private sealed class RowTemplate(string table, Dictionary<string, Value> values)
    {
        private readonly string _sql = $"insert into {table} ({string.Join(", ", values.Keys)}) values ({string.Join(", ", values.Keys.Select(c => $"@{c}"))})";

        public void Insert(SqliteTransaction transaction, int from, int to)
        {
            using var insert = transaction.Connection!.CreateCommand();
            (insert.CommandText, insert.Transaction) = (_sql, transaction);
            var parameters = values.ToDictionary(v => insert.Parameters.AddWithValue($"@{v.Key}", DBNull.Value), v => v.Value);
            for (var number = from; number < to; number++)
            {
                foreach (var (parameter, value) in parameters)
                {
                    parameter.Value = value.For(number);
                }

                insert.ExecuteNonQuery();
            }
        }
    }

    /// <summary>One value: fixed, or text (bytes are taken as Latin-1, so that lengths stay) with ids in it.</summary>
    private sealed class Value(object fixedValue, string text, List<Match> ids)
    {
        public static Value Of(object value, HashSet<string> known) => value is string or byte[]? new Value(value, TextOf(value), [.. Id.Matches(TextOf(value)).Where(m => !known.Contains(m.Value))])
            : new Value(value, "", []);

        public static string TextOf(object value) => value is byte[] bytes ? Encoding.Latin1.GetString(bytes) : (string)value;

        public object For(int number)
        {
            if (ids.Count == 0)
            {
                return fixedValue;
            }

            var renamed = text.ToCharArray();
            foreach (var id in ids)
            {
                Rename(renamed.AsSpan(id.Index, id.Length), number);
            }

            return fixedValue is byte[]? Encoding.Latin1.GetBytes(renamed) : new string(renamed);
        }

        // The same id and number give the same id, of the same alphabet and length (splitmix64).
        private static void Rename(Span<char> id, int number)
        {
            var alphabet = id.IndexOfAnyInRange('G', 'Z') >= 0 ? "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567" : "0123456789abcdef";
            var state = 14695981039346656037UL;
            foreach (var letter in id)
            {
                state = (state ^ letter) * 1099511628211UL;
            }

            state += (ulong)number * 0x9E3779B97F4A7C15UL;
            foreach (ref var letter in id)
            {
                state += 0x9E3779B97F4A7C15UL;
                var mixed = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9UL;
                mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBUL;
                letter = letter == '-' ? '-' : alphabet[(int)((mixed ^ (mixed >> 31)) % (ulong)alphabet.Length)];
            }
        }
    }
}

using System.Globalization;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Argosy.Checker;

/// <summary>
/// A service's PostgreSQL database, copied whole into one of the checker's own: the books are the same queries whatever the service
/// stands on. It is copied again when somebody has written since, in one transaction that sees one instant.
/// </summary>
internal sealed class PostgresMirror(SqliteConnection into, string schema, Uri address) : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    private readonly NpgsqlConnection _from = new(ConnectionString(address));
    private string _copied = "";

    /// <summary>A number that changes whenever anybody writes to this server.</summary>
    public string Fingerprint() => (string)Command("select pg_snapshot_xmax(pg_current_snapshot())::text").ExecuteScalar()!;

    /// <summary>Brings the copy up to date.</summary>
    public void Refresh()
    {
        Open();
        var now = Fingerprint();
        if (now == _copied)
        {
            return;
        }

        using var instant = _from.BeginTransaction(System.Data.IsolationLevel.RepeatableRead);
        using var copy = into.BeginTransaction();
        foreach (var (table, columns) in Tables())
        {
            Copy(table, columns, copy);
        }

        copy.Commit();
        _copied = now;
    }

    public void Dispose() => _from.Dispose();

    // A server that was restarted meanwhile is asked anew.
    private void Open()
    {
        if (_from.State != System.Data.ConnectionState.Open)
        {
            _from.Open();
        }
    }

    private List<(string Table, List<(string Name, string Type)> Columns)> Tables()
    {
        using var rows = Command(
            "select table_name, column_name, data_type from information_schema.columns where table_schema = current_schema() order by table_name, ordinal_position").ExecuteReader();
        var tables = new List<(string Table, List<(string, string)> Columns)>();
        while (rows.Read())
        {
            var name = rows.GetString(0);
            if (tables.Count == 0 || tables[^1].Table != name)
            {
                tables.Add((name, []));
            }

            tables[^1].Columns.Add((rows.GetString(1), rows.GetString(2) switch { "bigint" or "integer" => "integer", "bytea" => "blob", _ => "text" }));
        }

        return tables;
    }

    private void Copy(string table, List<(string Name, string Type)> columns, SqliteTransaction transaction)
    {
        using var into = Into(transaction, $"drop table if exists {schema}.{table}; create table {schema}.{table} ({string.Join(", ", columns.Select(c => $"{c.Name} {c.Type}"))})");
        into.ExecuteNonQuery();
        using var insert = Into(transaction, $"insert into {schema}.{table} values ({string.Join(", ", columns.Select((_, i) => $"@p{i.ToString(CultureInfo.InvariantCulture)}"))})");
        foreach (var i in Enumerable.Range(0, columns.Count))
        {
            insert.Parameters.Add(new SqliteParameter { ParameterName = $"@p{i.ToString(CultureInfo.InvariantCulture)}" });
        }

        using var rows = Command($"select {string.Join(", ", columns.Select(c => $"\"{c.Name}\""))} from \"{table}\"").ExecuteReader();
        while (rows.Read())
        {
            for (var i = 0; i < columns.Count; i++)
            {
                insert.Parameters[i].Value = rows.GetValue(i);
            }

            insert.ExecuteNonQuery();
        }
    }

    private SqliteCommand Into(SqliteTransaction transaction, string sql)
    {
        var command = into.CreateCommand();
        (command.CommandText, command.Transaction) = (sql, transaction);
        return command;
    }

    private NpgsqlCommand Command(string sql)
    {
        var command = _from.CreateCommand();
        (command.CommandText, command.CommandTimeout) = (sql, (int)Limit.TotalSeconds);
        return command;
    }

    /// <summary>What Npgsql takes instead of an address.</summary>
    public static string ConnectionString(Uri address)
    {
        var user = address.UserInfo.Split(':', 2);
        return new NpgsqlConnectionStringBuilder
        {
            Host = address.Host,
            Port = address.Port,
            Username = Uri.UnescapeDataString(user[0]),
            Password = user.Length > 1 ? Uri.UnescapeDataString(user[1]) : null,
            Database = Uri.UnescapeDataString(address.AbsolutePath.TrimStart('/')),
            Pooling = false,
        }.ToString();
    }
}

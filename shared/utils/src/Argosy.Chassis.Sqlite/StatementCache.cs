using Microsoft.Data.Sqlite;

namespace Argosy.Chassis.Sqlite;

/// <summary>Prepared commands of one connection by their text. A service's SQL is a fixed set; past the bound the cache starts over.</summary>
internal sealed class StatementCache(SqliteConnection connection) : IDisposable
{
    private const int Bound = 512;
    private readonly Dictionary<string, SqliteCommand> commands = new(StringComparer.Ordinal);

    public SqliteCommand Get(string sql)
    {
        if (commands.TryGetValue(sql, out var command))
        {
            return command;
        }

        if (commands.Count >= Bound)
        {
            Dispose();
        }

        command = connection.CreateCommand();
        command.CommandText = sql;
        commands.Add(sql, command);
        return command;
    }

    public void Run(string sql) => Get(sql).ExecuteNonQuery();

    public void Dispose()
    {
        foreach (var command in commands.Values)
        {
            command.Dispose();
        }

        commands.Clear();
    }
}

using System.Collections.Concurrent;
using System.Reflection;
using Microsoft.Data.Sqlite;

namespace Argosy.Chassis.Sqlite;

/// <summary>Prepared commands of one connection by their text. A service's SQL is a fixed set; past the bound the cache starts over.</summary>
internal sealed class StatementCache(SqliteConnection connection) : IDisposable
{
    private const int Bound = 512;
    private readonly Dictionary<string, Prepared> _prepared = new(StringComparer.Ordinal);

    /// <summary>The command with its parameters set: <c>@name</c> is the property <c>name</c> of <paramref name="args"/>.</summary>
    public SqliteCommand Get(string sql, object? args)
    {
        if (!_prepared.TryGetValue(sql, out var statement))
        {
            if (_prepared.Count >= Bound)
            {
                Dispose();
            }

            statement = new Prepared(connection.CreateCommand());
            statement.Command.CommandText = sql;
            _prepared.Add(sql, statement);
        }

        statement.Bind(args);
        return statement.Command;
    }

    public void Run(string sql) => Get(sql, null).ExecuteNonQuery();

    public void Dispose()
    {
        foreach (var statement in _prepared.Values)
        {
            statement.Command.Dispose();
        }

        _prepared.Clear();
    }

    private sealed class Prepared(SqliteCommand command)
    {
        private static readonly ConcurrentDictionary<Type, PropertyInfo[]> Properties = new();
        private Type? _shape;

        public SqliteCommand Command { get; } = command;

        public void Bind(object? args)
        {
            if (args is null)
            {
                return;
            }

            // The same text may come with another type, whose properties are in another order: parameters go by name.
            var properties = Properties.GetOrAdd(args.GetType(), static type => type.GetProperties(BindingFlags.Public | BindingFlags.Instance));
            if (args.GetType() != _shape)
            {
                Command.Parameters.Clear();
                foreach (var property in properties)
                {
                    Command.Parameters.Add(new SqliteParameter { ParameterName = "@" + property.Name });
                }

                _shape = args.GetType();
            }

            for (var i = 0; i < properties.Length; i++)
            {
                Command.Parameters[i].Value = properties[i].GetValue(args) ?? DBNull.Value;
            }
        }
    }
}

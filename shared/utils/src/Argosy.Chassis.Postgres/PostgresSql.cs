using System.Collections.Concurrent;
using System.Reflection;
using System.Text;
using NpgsqlTypes;
using Npgsql;

namespace Argosy.Chassis.Postgres;

/// <summary>
/// Portable SQL as PostgreSQL takes it: <c>@name</c> becomes <c>$n</c>, worked out once for each text. A service's SQL is a fixed set;
/// past the bound texts are worked out each time.
/// </summary>
internal sealed class PostgresSql
{
    private const int Bound = 1024;
    private static readonly ConcurrentDictionary<string, PostgresSql> Known = new(StringComparer.Ordinal);
    private static readonly ConcurrentDictionary<Type, Dictionary<string, PropertyInfo>> Shapes = new();

    private readonly string[] _names;

    private PostgresSql(string text, string[] names) => (Text, _names) = (text, names);

    /// <summary>The statement with positional parameters.</summary>
    public string Text { get; }

    public static PostgresSql Of(string sql)
    {
        if (Known.TryGetValue(sql, out var known))
        {
            return known;
        }

        var made = Rewrite(sql);
        return Known.Count < Bound ? Known.GetOrAdd(sql, made) : made;
    }

    /// <summary>Adds the parameters in their order: <c>@name</c> is the property <c>name</c> of <paramref name="args"/>.</summary>
    public void Bind(NpgsqlParameterCollection parameters, object? args)
    {
        if (_names.Length == 0)
        {
            return;
        }

        var shape = args is null ? null : Shapes.GetOrAdd(args.GetType(), static type => type.GetProperties(BindingFlags.Public | BindingFlags.Instance).ToDictionary(p => p.Name, StringComparer.Ordinal));
        foreach (var name in _names)
        {
            var property = shape?.GetValueOrDefault(name) ?? throw new ArgumentException($"@{name} has no value in: {Text}", nameof(args));
            var value = property.GetValue(args);
            parameters.Add(new NpgsqlParameter { NpgsqlDbType = TypeOf(property.PropertyType), Value = value is int small ? (long)small : value ?? DBNull.Value });
        }
    }

    // The portable subset's three types, by what the property is declared as: null has one too.
    private static NpgsqlDbType TypeOf(Type declared) => (Nullable.GetUnderlyingType(declared) ?? declared) switch
    {
        var type when type == typeof(string) => NpgsqlDbType.Text,
        var type when type == typeof(long) || type == typeof(int) => NpgsqlDbType.Bigint,
        var type when type == typeof(byte[]) => NpgsqlDbType.Bytea,
        var type => throw new ArgumentException($"A {type.Name} is no parameter of portable SQL: text, bigint and blobs are.", nameof(declared)),
    };

    private static PostgresSql Rewrite(string sql)
    {
        var (text, names) = (new StringBuilder(sql.Length), new List<string>());
        for (var i = 0; i < sql.Length;)
        {
            var end = EndOfPiece(sql, i);
            if (sql[i] == '@')
            {
                var name = sql[(i + 1)..end];
                var number = names.IndexOf(name) is var at and >= 0 ? at + 1 : Add(names, name);
                text.Append('$').Append(number);
            }
            else
            {
                text.Append(sql, i, end - i);
            }

            i = end;
        }

        return new PostgresSql(text.ToString(), [.. names]);
    }

    private static int Add(List<string> names, string name)
    {
        names.Add(name);
        return names.Count;
    }

    // A parameter, a literal, a quoted name, a comment, or one character.
    private static int EndOfPiece(string sql, int start)
    {
        switch (sql[start])
        {
            case '@':
                var end = start + 1;
                while (end < sql.Length && (char.IsAsciiLetterOrDigit(sql[end]) || sql[end] == '_'))
                {
                    end++;
                }

                return end;
            case '\'' or '"':       // a doubled quote ends one piece and begins the next
                return sql.IndexOf(sql[start], start + 1) is var closing and >= 0 ? closing + 1 : sql.Length;
            case '-' when start + 1 < sql.Length && sql[start + 1] == '-':
                return sql.IndexOf('\n', start) is var line and >= 0 ? line : sql.Length;
            default:
                return start + 1;
        }
    }
}

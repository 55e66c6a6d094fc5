using System.Globalization;
using Npgsql;

namespace Argosy.Chassis.Postgres;

/// <summary>
/// Where a service's database is, and how it is reached: <c>postgresql://USER:PASSWORD@HOST:PORT/DATABASE?NAME=VALUE&amp;…</c>. The
/// parameters are <c>schema</c> (or <c>search_path</c>; <c>public</c> when absent), <c>pool_min</c> and <c>pool_max</c> (10 and 20),
/// <c>command_timeout</c> and <c>connect_timeout</c> in seconds (60 and 10), and libpq's <c>sslmode</c>, <c>sslrootcert</c>,
/// <c>sslcert</c>, <c>sslkey</c> and <c>passfile</c>.
/// </summary>
public sealed class PostgresAddress
{
    private const int DefaultPort = 5432;
    // What PostgreSQL keeps of an identifier, less what NOTIFY's channel has before it.
    private const int MaxName = 63 - 7;

    private readonly NpgsqlConnectionStringBuilder _connection;

    private PostgresAddress(NpgsqlConnectionStringBuilder connection, string schema)
    {
        _connection = connection;
        Schema = schema;
    }

    /// <summary>The schema that is this service's own.</summary>
    public string Schema { get; }

    /// <summary>The database's name.</summary>
    public string Database => _connection.Database!;

    internal string User => _connection.Username!;

    internal string Server => $"{_connection.Host}:{_connection.Port.ToString(CultureInfo.InvariantCulture)}";

    /// <summary>Reads the text; the error goes on after the variable's name and repeats nothing of a password.</summary>
    public static PostgresAddress? Parse(string text, out string? error)
    {
        var connection = new NpgsqlConnectionStringBuilder
        {
            Port = DefaultPort,
            MinPoolSize = 10,
            MaxPoolSize = 20,
            CommandTimeout = 60,
            Timeout = 10,
            MaxAutoPrepare = 512,       // more than a service has statements
            AutoPrepareMinUsages = 2,
            NoResetOnClose = true,      // nobody changes a session
            TcpKeepAlive = true,
            GssEncryptionMode = GssEncryptionMode.Disable,
        };
        error = Read(text, connection, out var schema);
        connection.SearchPath = schema;
        return error is null ? new PostgresAddress(connection, schema) : null;
    }

    /// <summary>The connection string, changed as the use of it asks for.</summary>
    internal string ConnectionString(string application, Action<NpgsqlConnectionStringBuilder>? change = null)
    {
        var copy = new NpgsqlConnectionStringBuilder(_connection.ConnectionString) { ApplicationName = application };
        change?.Invoke(copy);
        return copy.ConnectionString;
    }

    private static string? Read(string text, NpgsqlConnectionStringBuilder connection, out string schema)
    {
        const string Form = "postgresql://USER:PASSWORD@HOST:5432/DATABASE";
        const string Escapes = "characters such as @, / and # in a password are written as %40, %2F and %23.";
        schema = "public";
        if (!Uri.TryCreate(text, UriKind.Absolute, out var url) || url.Scheme is not ("postgresql" or "postgres"))
        {
            return $"is no address of the form {Form}; {Escapes}";
        }

        var user = url.UserInfo.Split(':', 2);
        (connection.Host, connection.Port) = (url.IdnHost, url.Port > 0 ? url.Port : DefaultPort);
        (connection.Username, connection.Password) = (Uri.UnescapeDataString(user[0]), user.Length == 2 ? Uri.UnescapeDataString(user[1]) : null);
        connection.Database = Uri.UnescapeDataString(url.AbsolutePath.Trim('/'));
        if (url.Host.Length == 0 || connection.Username.Length == 0 || connection.Database.Length == 0 || url.Fragment.Length > 0)
        {
            return $"needs a user, a host and a database: {Form}; {Escapes}";
        }

        foreach (var pair in url.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = pair.Split('=', 2);
            var (name, value) = (parts[0], parts.Length == 2 ? Uri.UnescapeDataString(parts[1]) : "");
            var fault = name is "schema" or "search_path" ? IsName(schema = value) ? null : "a name of small letters, digits and _" : Set(connection, name, value);
            if (fault is not null)
            {
                return fault.Length == 0
                    ? $"has a parameter that means nothing here: it takes schema, pool_min, pool_max, command_timeout, connect_timeout, sslmode, sslrootcert, sslcert, sslkey and passfile."
                    : $"has the parameter {name}, which must be {fault}.";
            }
        }

        return connection.MinPoolSize <= connection.MaxPoolSize ? null : $"has pool_min {connection.MinPoolSize} above pool_max {connection.MaxPoolSize}.";
    }

    // Null: taken. Empty: no such parameter. Else what it must be.
    private static string? Set(NpgsqlConnectionStringBuilder connection, string name, string value) => name switch
    {
        "pool_min" => Number(value, 0, 1000, number => connection.MinPoolSize = number),
        "pool_max" => Number(value, 1, 1000, number => connection.MaxPoolSize = number),
        "command_timeout" => Number(value, 1, 3600, number => connection.CommandTimeout = number),
        "connect_timeout" => Number(value, 1, 60, number => connection.Timeout = number),
        "sslmode" => Mode(value, mode => connection.SslMode = mode),
        "sslrootcert" => ExistingFile(value, path => connection.RootCertificate = path),
        "sslcert" => ExistingFile(value, path => connection.SslCertificate = path),
        "sslkey" => ExistingFile(value, path => connection.SslKey = path),
        "passfile" => ExistingFile(value, path => connection.Passfile = path),
        _ => "",
    };

    private static string? Number(string value, int min, int max, Action<int> set)
    {
        if (!int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number < min || number > max)
        {
            return $"a number from {min} to {max}";
        }

        set(number);
        return null;
    }

    private static string? Mode(string value, Action<SslMode> set)
    {
        SslMode? mode = value switch
        {
            "disable" => SslMode.Disable,
            "allow" => SslMode.Allow,
            "prefer" => SslMode.Prefer,
            "require" => SslMode.Require,
            "verify-ca" => SslMode.VerifyCA,
            "verify-full" => SslMode.VerifyFull,
            _ => null,
        };
        if (mode is not { } known)
        {
            return "one of: disable, allow, prefer, require, verify-ca, verify-full";
        }

        set(known);
        return null;
    }

    private static string? ExistingFile(string value, Action<string> set)
    {
        if (!File.Exists(value))
        {
            return "the path of a file that is there";
        }

        set(Path.GetFullPath(value));
        return null;
    }

    private static bool IsName(string text) =>
        text.Length is > 0 and <= MaxName && !char.IsAsciiDigit(text[0]) && text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '_');
}

using Argosy.Chassis.Postgres;

namespace Argosy.Chassis.Hosting;

/// <summary>
/// Where the service's own database is, from <c>DATABASE_URL</c>: <c>sqlite:PATH</c>, or
/// <c>postgresql://USER:PASSWORD@HOST:PORT/DATABASE</c> as <see cref="PostgresAddress"/> reads it.
/// </summary>
public abstract record DatabaseUrl
{
    private const string Sqlite = "sqlite:";

    /// <summary>Reads the text; the error goes on after the variable's name and never repeats it, for it may hold a password.</summary>
    public static DatabaseUrl? Parse(string text, out string? error)
    {
        if (text.StartsWith("postgresql:", StringComparison.Ordinal) || text.StartsWith("postgres:", StringComparison.Ordinal))
        {
            return PostgresAddress.Parse(text, out error) is { } address ? new OnPostgres(address) : null;
        }

        error = Check(text);
        return error is null ? new InFile(Path.GetFullPath(text[Sqlite.Length..])) : null;
    }

    private static string? Check(string text)
    {
        if (!text.StartsWith(Sqlite, StringComparison.Ordinal))
        {
            return "names no database that this build knows: set it to sqlite:PATH, for example sqlite:/var/lib/argosy/orders.db, or to postgresql://USER:PASSWORD@HOST:PORT/DATABASE.";
        }

        var path = text[Sqlite.Length..];
        if (path.Length == 0 || path.StartsWith("//", StringComparison.Ordinal))
        {
            return "needs a plain path after sqlite:, for example sqlite:/var/lib/argosy/orders.db.";
        }

        if (path[0] == ':')
        {
            return "asks for a database in memory, which would forget every order with the process: set it to sqlite:PATH.";
        }

        return path.IndexOfAny(['?', '\0']) >= 0 ? "takes no query after sqlite:PATH."
            : Directory.Exists(path) ? $"is the folder '{path}', and must be a file: set it to sqlite:{path.TrimEnd('/')}/NAME.db."
            : null;
    }

    /// <summary>A SQLite file, which one process owns.</summary>
    /// <param name="Path">The file; it and its folder are made when they are missing.</param>
    public sealed record InFile(string Path) : DatabaseUrl;

    /// <summary>A schema of a PostgreSQL database, which instances of the service share.</summary>
    /// <param name="Address">Where it is, and how it is reached.</param>
    public sealed record OnPostgres(PostgresAddress Address) : DatabaseUrl;
}

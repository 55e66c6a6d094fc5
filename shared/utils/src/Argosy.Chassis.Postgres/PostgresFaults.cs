using System.Net.Sockets;
using Argosy.Chassis.Store;
using Npgsql;

namespace Argosy.Chassis.Postgres;

/// <summary>What PostgreSQL's errors mean: which will pass, which leave a commit in doubt, and what to do about those at the start.</summary>
internal static class PostgresFaults
{
    /// <summary>The failure lies in the way to the database or in its state, not in the statement.</summary>
    public static bool IsTransient(Exception error) => error switch
    {
        // Connections (08), who may connect (28, 3D000), conflicts between transactions (40), resources (53), locks (55P03),
        // operators and restarts (57), the machine (58), a standby that took over (25006), statements forgotten by a pooler (26000).
        // And whatever ends a session or lets none begin, under any code: a disk that is full is XX000 to whoever connects ("could not write init file").
        PostgresException { InvariantSeverity: "FATAL" or "PANIC" } => true,
        PostgresException e => e.SqlState[..2] is "08" or "28" or "40" or "53" or "57" or "58" || e.SqlState is "3D000" or "55P03" or "25006" or "26000",
        NpgsqlException or StoreAwayException => true,
        _ => false,
    };

    /// <summary>
    /// What the driver lets through of the network and of clocks gets a name of ours: elsewhere in the process the same exceptions come
    /// from others than the database.
    /// </summary>
    public static Exception Named(Exception error, PostgresAddress address) =>
        error is SocketException or TimeoutException or IOException ? new StoreAwayException(Explain(error, address), error) : error;

    /// <summary>
    /// Whether a failed COMMIT says for sure that nothing is in: an error that left the session alive does. Anything that ends the
    /// session may have come after the commit record was written.
    /// </summary>
    public static bool SaysRolledBack(Exception atCommit) => atCommit is PostgresException { InvariantSeverity: "ERROR" } e && e.SqlState[..2] is not ("08" or "57");

    /// <summary>One sentence for the log, without a secret.</summary>
    public static string Explain(Exception error, PostgresAddress address) => error switch
    {
        PostgresException { SqlState: "28P01" } => $"PostgreSQL at {address.Server} refuses the password of user {address.User}: set it in DATABASE_URL.",
        PostgresException { SqlState: "3D000" } => $"PostgreSQL at {address.Server} has no database {address.Database}: create it, or name another in DATABASE_URL.",
        PostgresException { SqlState: "53300" } => $"PostgreSQL at {address.Server} has no connection left: raise its max_connections, or lower pool_max in DATABASE_URL.",
        PostgresException { SqlState: ['2', '8', ..] or "42501" } e => $"PostgreSQL at {address.Server} does not let user {address.User} into {address.Database}: {e.MessageText}.",
        PostgresException e => $"PostgreSQL at {address.Server}: {e.MessageText} ({e.SqlState}).",
        _ when Cause(error) is SocketException e => $"PostgreSQL at {address.Server} is away: {e.Message}.",
        _ when Cause(error) is TimeoutException => $"PostgreSQL at {address.Server} does not answer.",
        _ => $"PostgreSQL at {address.Server}: {Cause(error).Message.TrimEnd('.')}.",
    };

    private static Exception Cause(Exception error) => error is NpgsqlException and not PostgresException && error.InnerException is { } inner ? inner : error;
}

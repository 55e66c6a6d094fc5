namespace Argosy.Chassis.Store;

/// <summary>A service's own database: reads anywhere, writes through one commit pipeline.</summary>
public interface IStore
{
    /// <summary>Fires after a commit that put something into the outbox.</summary>
    Signal Published { get; }

    /// <summary>Fires after a commit that parked or scheduled a message.</summary>
    Signal Parked { get; }

    /// <summary>The database's own clock as an expression of its SQL: Unix milliseconds. For leases, in which instances must agree.</summary>
    string NowSql { get; }

    /// <summary>
    /// Whether other processes may have it open too. Then what only one of them may do needs a lease (<see cref="Leases"/>); a store
    /// that one process owns needs none.
    /// </summary>
    bool IsShared { get; }

    /// <summary>How long ago the oldest write set that is being committed was handed in; zero where nothing waits.</summary>
    TimeSpan Behind { get; }

    /// <summary>
    /// Reads rows outside of any transaction. <paramref name="sql"/> keeps to the portable subset (docs/decisions/0005-portable-sql.md);
    /// parameters are <c>@name</c> for a property <c>name</c> of <paramref name="args"/>. <typeparamref name="T"/> is a scalar or a record
    /// whose constructor takes <see cref="long"/> for bigint and <see cref="string"/> for text.
    /// </summary>
    Task<IReadOnlyList<T>> QueryAsync<T>(string sql, object? args = null, CancellationToken cancellation = default);

    /// <summary>
    /// Hands a filled write set to the commit pipeline and waits for its fate. Cancellation counts until the writer has taken the
    /// set; after that the outcome is awaited.
    /// </summary>
    Task<CommitOutcome> CommitAsync(WriteSet work, CancellationToken cancellation = default);

    /// <summary>Brings the schema up to date, under a lock; throws <see cref="MigrationException"/> where an applied script was changed, <see cref="StoreAwayException"/> where the database cannot be reached now.</summary>
    Task MigrateAsync(IReadOnlyList<Migration> migrations, CancellationToken cancellation = default);

    /// <summary>Whether the failure lies in the way to the database and not in the statement: such a message is tried again without limit.</summary>
    bool IsTransient(Exception error);
}

/// <summary>One SQL script of the schema, applied once, in the order given.</summary>
/// <param name="Name">What it is called in <c>sys_migration</c>, for example <c>order-service/schema.sql</c>.</param>
/// <param name="Sql">The statements.</param>
public sealed record Migration(string Name, string Sql);

/// <summary>The schema cannot be brought up to date.</summary>
public sealed class MigrationException(string message) : Exception(message);

/// <summary>The database cannot be reached, or does not let us in. The message says in one sentence what to do, and holds no secret.</summary>
public sealed class StoreAwayException(string message, Exception cause) : Exception(message, cause);

/// <summary>Reads that services use every day, on top of <see cref="IStore.QueryAsync{T}"/>.</summary>
public static class StoreReads
{
    /// <summary>The first row, or <see langword="default"/> where there is none.</summary>
    public static async Task<T?> FirstOrDefaultAsync<T>(this IStore store, string sql, object? args = null, CancellationToken cancellation = default)
    {
        var rows = await store.QueryAsync<T>(sql, args, cancellation);
        return rows.Count == 0 ? default : rows[0];
    }
}

using Argosy.Chassis.Store;
using Npgsql;

namespace Argosy.Chassis.Postgres;

/// <summary>Applies SQL scripts once, in order, each with its checksum, in one transaction under an advisory lock: instances may start at once.</summary>
internal static class PostgresMigrations
{
    public static IReadOnlyList<Migration> Chassis { get; } = [Read("chassis.sql"), Read("chassis.2.sql")];

    private static readonly string Collation = Read("collation.sql").Sql;

    public static async Task RunAsync(
        NpgsqlConnection connection, PostgresAddress address, IReadOnlyList<Migration> migrations, DateTimeOffset now, CancellationToken cancellation)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await ExecuteAsync(connection, PostgresLocks.Migrate(address.Schema), cancellation);
        await CheckEncodingAsync(connection, address, cancellation);
        await ExecuteAsync(connection, $"create schema if not exists \"{address.Schema}\"", cancellation);
        await ExecuteAsync(connection, "create table if not exists sys_migration (name text primary key, checksum text not null, at bigint not null)", cancellation);
        foreach (var migration in migrations)
        {
            await ApplyAsync(connection, migration, now, cancellation);
        }

        await ExecuteAsync(connection, Collation, cancellation);
        Failpoints.Hit("migration.before");
        await transaction.CommitAsync(cancellation);
        Failpoints.Hit("migration.after");
    }

    private static async Task ApplyAsync(NpgsqlConnection connection, Migration migration, DateTimeOffset now, CancellationToken cancellation)
    {
        await using var known = new NpgsqlCommand("select checksum from sys_migration where name = $1", connection) { Parameters = { new() { Value = migration.Name } } };
        if (!MigrationScripts.IsNew(migration, (string?)await known.ExecuteScalarAsync(cancellation)))
        {
            return;
        }

        try
        {
            await ExecuteAsync(connection, migration.Sql, cancellation);
        }
        catch (PostgresException e) when (!PostgresFaults.IsTransient(e))
        {
            throw new MigrationException($"{migration.Name} could not be applied: {e.MessageText} ({e.SqlState}).");
        }

        await using var note = new NpgsqlCommand("insert into sys_migration (name, checksum, at) values ($1, $2, $3)", connection)
        {
            Parameters = { new() { Value = migration.Name }, new() { Value = MigrationScripts.ChecksumOf(migration) }, new() { Value = now.ToUnixTimeMilliseconds() } },
        };
        await note.ExecuteNonQueryAsync(cancellation);
        Failpoints.Hit("migration.script");
    }

    private static async Task CheckEncodingAsync(NpgsqlConnection connection, PostgresAddress address, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("show server_encoding", connection);
        if ((string?)await command.ExecuteScalarAsync(cancellation) is var encoding and not "UTF8")
        {
            throw new MigrationException($"The database {address.Database} keeps texts as {encoding}: create it with encoding UTF8.");
        }
    }

    private static Migration Read(string name) => MigrationScripts.Embedded(typeof(PostgresMigrations).Assembly, name);

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellation);
    }
}

/// <summary>
/// Advisory locks of a schema, each a statement that waits for it and holds it until the transaction ends. The first number is the
/// lock's kind, the second the schema; two schemas whose hash is the same would only wait for each other.
/// </summary>
internal static class PostgresLocks
{
    /// <summary>Held by whoever inserts into <c>es_event</c> or <c>bus_outbox</c>: positions are drawn in the order of commits.</summary>
    public const int CommitKind = 0x41726701;

    private const int MigrateKind = 0x41726702;

    public static string Commit(string schema) => Sql(CommitKind, schema);

    public static string Migrate(string schema) => Sql(MigrateKind, schema);

    public static int KeyOf(string schema) => unchecked((int)Fnv1a.Of(schema));

    private static string Sql(int kind, string schema) => $"select pg_advisory_xact_lock({kind}, {KeyOf(schema)})";
}

using Argosy.Chassis.Store;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Argosy.Chassis.Sqlite;

/// <summary>Applies SQL scripts once, in order, each with its checksum, in one transaction that locks the file.</summary>
internal static class SqliteMigrations
{
    public static IReadOnlyList<Migration> Chassis { get; } = [Read("chassis.sql"), Read("chassis.2.sql"), Read("chassis.3.sql")];

    public static void Run(SqliteConnection connection, IReadOnlyList<Migration> migrations, TimeProvider time)
    {
        connection.Execute("begin immediate");
        try
        {
            connection.Execute("create table if not exists sys_migration (name text primary key, checksum text not null, at bigint not null)");
            foreach (var migration in migrations)
            {
                Apply(connection, migration, time.GetUtcNow());
            }

            Failpoints.Hit("migration.before");
            connection.Execute("commit");
            Failpoints.Hit("migration.after");
        }
        catch (Exception e) when (e is SqliteException or MigrationException)
        {
            connection.Execute("rollback");
            throw e is MigrationException ? e : new MigrationException($"The schema could not be brought up to date: {e.Message}");
        }
    }

    private static void Apply(SqliteConnection connection, Migration migration, DateTimeOffset now)
    {
        var applied = connection.QuerySingleOrDefault<string>("select checksum from sys_migration where name = @Name", new { migration.Name });
        if (!MigrationScripts.IsNew(migration, applied))
        {
            return;
        }

        connection.Execute(migration.Sql);
        connection.Execute(
            "insert into sys_migration (name, checksum, at) values (@Name, @checksum, @at)",
            new { migration.Name, checksum = MigrationScripts.ChecksumOf(migration), at = now.ToUnixTimeMilliseconds() });
        Failpoints.Hit("migration.script");
    }

    private static Migration Read(string name) => MigrationScripts.Embedded(typeof(SqliteMigrations).Assembly, name);
}

using System.Reflection;
using Argosy.Chassis.Sqlite;
using Argosy.Chassis.Store;
using Microsoft.Extensions.Logging.Abstractions;

namespace Argosy.Simulation;

/// <summary>A service's database: the real adapter, the real schema, in memory. It outlives every life of its process.</summary>
internal sealed class Disk : IAsyncDisposable
{
    private readonly IReadOnlyList<string> _tables;

    private Disk(SqliteStore store, IReadOnlyList<string> tables) => (Store, _tables) = (store, tables);

    public SqliteStore Store { get; }

    public static async Task<Disk> MakeAsync(Assembly program)
    {
        var store = SqliteStore.InMemory(TimeProvider.System, NullLogger<SqliteStore>.Instance);
        await store.MigrateAsync([.. program.GetManifestResourceNames()
            .Where(name => name.StartsWith("schema", StringComparison.Ordinal) && name.EndsWith(".sql", StringComparison.Ordinal))
            .OrderBy(name => name.Length).ThenBy(name => name, StringComparer.Ordinal)
            .Select(name => new Migration(name, Read(program, name)))]);
        var tables = await store.QueryAsync<string>(
            "select name from sqlite_master where type = 'table' and name <> 'sys_migration' and (name not like 'sqlite_%' or name = 'sqlite_sequence') order by rowid desc");
        return new Disk(store, tables);
    }

    /// <summary>As new: cheaper than making another one for every story.</summary>
    public async Task WipeAsync()
    {
        var work = new WriteSet(new Chassis.Messaging.MessageContext("wipe", "simulation", new Chassis.Messaging.MessageHeaders()), SimulatedTime.Beginning);
        foreach (var table in _tables)
        {
            work.Execute($"delete from {table}");
        }

        (await Store.CommitAsync(work)).Ensure();
    }

    /// <summary>One number of it, as a law or the world looks at it from outside: at once, and without a fault.</summary>
    public T? Peek<T>(string sql, object? args = null)
    {
        var rows = PeekAll<T>(sql, args);
        return rows.Count == 0 ? default : rows[0];
    }

    public IReadOnlyList<T> PeekAll<T>(string sql, object? args = null) => Store.QueryAsync<T>(sql, args).GetAwaiter().GetResult();

    public ValueTask DisposeAsync() => Store.DisposeAsync();

    private static string Read(Assembly program, string name)
    {
        using var reader = new StreamReader(program.GetManifestResourceStream(name)!);
        return reader.ReadToEnd();
    }
}

using Argosy.Chassis.Sqlite;
using Argosy.Chassis.Store;
using Microsoft.Extensions.Logging.Abstractions;

namespace Argosy.Chassis.Tests.Store;

/// <summary>What a suite runs on. A suite is written once, for any engine, and derived from for each.</summary>
public interface IEngine
{
    /// <summary>A new store with the chassis's tables and these.</summary>
    static abstract Task<FreshStore> OpenAsync(TimeProvider time, params IReadOnlyList<Migration> scripts);

    /// <summary>The <c>DATABASE_URL</c> of an empty database for a process, which keeps its other files in <paramref name="folder"/>.</summary>
    static abstract Task<string> AddressAsync(string folder);

    /// <summary>What a process has left behind.</summary>
    static abstract FreshStore Reopen(string address);
}

/// <summary>A store that goes with everything in it.</summary>
public sealed class FreshStore(IStore store, Func<ValueTask> close) : IAsyncDisposable
{
    /// <summary>The store.</summary>
    public IStore Store { get; } = store;

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => close();
}

/// <summary>A file of its own.</summary>
public sealed class OnSqlite : IEngine
{
    private const string Scheme = "sqlite:";

    /// <inheritdoc/>
    public static async Task<FreshStore> OpenAsync(TimeProvider time, params IReadOnlyList<Migration> scripts)
    {
        var folder = Directory.CreateTempSubdirectory("argosy-test-").FullName;
        var store = SqliteStore.Open(Path.Combine(folder, "test.db"), time, NullLogger<SqliteStore>.Instance);
        await store.MigrateAsync(scripts);
        return new FreshStore(store, async () =>
        {
            await store.DisposeAsync();
            Directory.Delete(folder, recursive: true);
        });
    }

    /// <inheritdoc/>
    public static Task<string> AddressAsync(string folder) => Task.FromResult($"{Scheme}{Path.Combine(folder, "process.db")}");

    /// <inheritdoc/>
    public static FreshStore Reopen(string address)
    {
        var store = SqliteStore.Open(address[Scheme.Length..], TimeProvider.System, NullLogger<SqliteStore>.Instance);
        return new FreshStore(store, store.DisposeAsync);
    }
}

/// <summary>A schema of its own, on the tests' PostgreSQL; nothing may be inserted into its logs without the commit lock.</summary>
public sealed class OnPostgres : IEngine
{
    /// <inheritdoc/>
    public static async Task<FreshStore> OpenAsync(TimeProvider time, params IReadOnlyList<Migration> scripts)
    {
        var url = await TestPostgres.SchemaAsync();
        var store = TestPostgres.Open(url, time);
        await store.MigrateAsync(scripts);
        await TestPostgres.AssertCommitLockAsync(url);
        return new FreshStore(store, store.DisposeAsync);
    }

    /// <inheritdoc/>
    public static Task<string> AddressAsync(string folder) => TestPostgres.SchemaAsync();

    /// <inheritdoc/>
    public static FreshStore Reopen(string address)
    {
        var store = TestPostgres.Open(address);
        return new FreshStore(store, store.DisposeAsync);
    }
}

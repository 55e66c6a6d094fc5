using Argosy.Chassis.Store;

namespace Argosy.Chassis.Tests.Invariants;

/// <summary>A store on which something happens just after each look, before whoever looked knows what was there.</summary>
internal sealed class Looking(IStore store, Func<Task> happens) : IStore
{
    public Signal Published => store.Published;

    public Signal Parked => store.Parked;

    public string NowSql => store.NowSql;

    public bool IsShared => store.IsShared;

    public TimeSpan Behind => store.Behind;

    public async Task<IReadOnlyList<T>> QueryAsync<T>(string sql, object? args = null, CancellationToken cancellation = default)
    {
        var seen = await store.QueryAsync<T>(sql, args, cancellation);
        await happens();
        return seen;
    }

    public Task<CommitOutcome> CommitAsync(WriteSet work, CancellationToken cancellation = default) => store.CommitAsync(work, cancellation);

    public Task MigrateAsync(IReadOnlyList<Migration> migrations, CancellationToken cancellation = default) => store.MigrateAsync(migrations, cancellation);

    public bool IsTransient(Exception error) => store.IsTransient(error);
}

using Argosy.Chassis.Store;

namespace Argosy.Chassis.Tests.Invariants;

/// <summary>A store whose database is away at times: neither read nor written.</summary>
internal sealed class Away(IStore store, Func<bool> away) : IStore
{
    public Signal Published => store.Published;

    public Signal Parked => store.Parked;

    public string NowSql => store.NowSql;

    public bool IsShared => store.IsShared;

    public TimeSpan Behind => store.Behind;

    public async Task<IReadOnlyList<T>> QueryAsync<T>(string sql, object? args = null, CancellationToken cancellation = default) =>
        away() ? throw new AwayException() : await store.QueryAsync<T>(sql, args, cancellation);

    public async Task<CommitOutcome> CommitAsync(WriteSet work, CancellationToken cancellation = default) =>
        away() ? new CommitOutcome(CommitResult.Failed, new AwayException()) : await store.CommitAsync(work, cancellation);

    public Task MigrateAsync(IReadOnlyList<Migration> migrations, CancellationToken cancellation = default) => store.MigrateAsync(migrations, cancellation);

    public bool IsTransient(Exception error) => error is AwayException || store.IsTransient(error);

    private sealed class AwayException() : Exception("The database is away.");
}

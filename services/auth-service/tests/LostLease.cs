using Argosy.Chassis.Messaging;
using Argosy.Chassis.Store;

namespace Argosy.Auth.Tests;

/// <summary>The store of a process that is stopped for longer than its lease lasts, just before its first commit under it.</summary>
internal sealed class LostLease(IStore store) : IStore
{
    private int _commits;

    public Signal Published => store.Published;

    public Signal Parked => store.Parked;

    public string NowSql => store.NowSql;

    public bool IsShared => store.IsShared;

    public TimeSpan Behind => store.Behind;

    public Task<IReadOnlyList<T>> QueryAsync<T>(string sql, object? args = null, CancellationToken cancellation = default) => store.QueryAsync<T>(sql, args, cancellation);

    public async Task<CommitOutcome> CommitAsync(WriteSet work, CancellationToken cancellation = default)
    {
        if (++_commits == 2)     // the first is the claim
        {
            var other = new WriteSet(new MessageContext("other", "auth-service", new MessageHeaders()), DateTimeOffset.UnixEpoch);
            other.Execute("update sys_lease set owner = 'other', epoch = epoch + 1 where name = 'keys'", null, rows: 1);
            (await store.CommitAsync(other, cancellation)).Ensure();
        }

        return await store.CommitAsync(work, cancellation);
    }

    public Task MigrateAsync(IReadOnlyList<Migration> migrations, CancellationToken cancellation = default) => store.MigrateAsync(migrations, cancellation);

    public bool IsTransient(Exception error) => store.IsTransient(error);
}

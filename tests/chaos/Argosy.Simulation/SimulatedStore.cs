using Argosy.Chassis.Messaging;
using Argosy.Chassis.Store;

namespace Argosy.Simulation;

/// <summary>The database is away, or says so: what an adapter calls transient.</summary>
internal sealed class OutageException() : Exception("The database is away.");

/// <summary>A mistake in somebody's code, which chance makes.</summary>
internal sealed class BugException() : Exception("A mistake that chance made.");

/// <summary>
/// One life's way to its disk. Before every read, and before and after every commit, others get their turn: there two handlers
/// interleave, and there the process dies between deciding and committing, or between committing and telling anybody.
/// </summary>
internal sealed class SimulatedStore(string service, Disk disk, Turns turns, Faults faults, Misfortunes misfortunes, Ledger ledger) : IStore
{
    private readonly string _reads = $"{service} reads";
    private readonly string _commits = $"{service} commits";

    public Signal Published => disk.Store.Published;

    public Signal Parked => disk.Store.Parked;

    public string NowSql => disk.Store.NowSql;

    public bool IsShared => disk.Store.IsShared;

    public TimeSpan Behind => disk.Store.Behind;

    public async Task<IReadOnlyList<T>> QueryAsync<T>(string sql, object? args = null, CancellationToken cancellation = default)
    {
        await Task.Yield();
        cancellation.ThrowIfCancellationRequested();
        if (misfortunes.Strike("bug", _reads, faults.Bugs))
        {
            turns.Trace.Say(turns, service, "reads, and meets a bug");
            throw new BugException();
        }

        if (misfortunes.Strike("outage", _reads, faults.Outages))
        {
            turns.Trace.Say(turns, service, "reads, and the database is away");
            throw new OutageException();
        }

        var rows = await disk.Store.QueryAsync<T>(sql, args, cancellation);
        turns.Trace.Say(turns, service, $"reads {rows.Count} of {Brief(sql)}");
        return rows;
    }

    public async Task<CommitOutcome> CommitAsync(WriteSet work, CancellationToken cancellation = default)
    {
        await Task.Yield();
        if (misfortunes.Strike("outage", _commits, faults.Outages))
        {
            turns.Trace.Say(turns, service, $"cannot commit {work.Context.Id}: the database is away");
            return new CommitOutcome(CommitResult.Failed, new OutageException());
        }

        var unknown = misfortunes.Strike("unknown outcome", _commits, faults.Unknowns);
        if (unknown && misfortunes.Detail(turns.Chance.Next(2)) == 0)
        {
            turns.Trace.Say(turns, service, $"commits {work.Context.Id}, and is not told that it failed");
            return new CommitOutcome(CommitResult.Unknown, new OutageException());
        }

        var outcome = await disk.Store.CommitAsync(work, cancellation);
        turns.Trace.Say(turns, service, $"commits {work.Context.Id}: {work.Statements.Count} statements, {outcome.Result}{outcome.Error?.Message}{(unknown ? ", and is not told" : "")}");
        if (outcome.Result == CommitResult.Committed)
        {
            ledger.Note(service, disk, work);
        }

        await Task.Yield();
        return unknown ? new CommitOutcome(CommitResult.Unknown, new OutageException()) : outcome;
    }

    public Task MigrateAsync(IReadOnlyList<Migration> migrations, CancellationToken cancellation = default) =>
        throw new NotSupportedException("A disk comes with its schema.");

    public bool IsTransient(Exception error) => error is OutageException or CommitException { InnerException: OutageException };

    private static string Brief(string sql)
    {
        var from = sql.IndexOf("from ", StringComparison.Ordinal);
        var table = from < 0 ? sql : sql[(from + 5)..];
        var end = table.AsSpan().IndexOfAny(" \n\r,)");
        return end < 0 ? table : table[..end];
    }
}

using Argosy.Chassis.Messaging;
using Argosy.Chassis.Store;

namespace Argosy.Simulation.Tests;

/// <summary>A broken engine: stands between the product and its disk, and changes what is committed or what is said of it.</summary>
internal class Saboteur(IStore inner) : IStore
{
    public Signal Published => inner.Published;

    public Signal Parked => inner.Parked;

    public string NowSql => inner.NowSql;

    public bool IsShared => inner.IsShared;

    public TimeSpan Behind => inner.Behind;

    protected IStore Inner => inner;

    public Task<IReadOnlyList<T>> QueryAsync<T>(string sql, object? args = null, CancellationToken cancellation = default) => inner.QueryAsync<T>(sql, args, cancellation);

    public virtual Task<CommitOutcome> CommitAsync(WriteSet work, CancellationToken cancellation = default) => inner.CommitAsync(work, cancellation);

    public Task MigrateAsync(IReadOnlyList<Migration> migrations, CancellationToken cancellation = default) => inner.MigrateAsync(migrations, cancellation);

    public bool IsTransient(Exception error) => inner.IsTransient(error);

    /// <summary>The statements of a write set, to be changed.</summary>
    protected static List<Statement> Of(WriteSet work) => (List<Statement>)work.Statements;
}

/// <summary>Forgets what it has handled.</summary>
internal sealed class WithoutInbox(IStore inner) : Saboteur(inner)
{
    public override Task<CommitOutcome> CommitAsync(WriteSet work, CancellationToken cancellation = default)
    {
        work.Execute("delete from bus_inbox");
        return base.CommitAsync(work, cancellation);
    }
}

/// <summary>An undo forbids nothing.</summary>
internal sealed class WithoutForbidding(IStore inner) : Saboteur(inner)
{
    public override Task<CommitOutcome> CommitAsync(WriteSet work, CancellationToken cancellation = default)
    {
        Of(work).RemoveAll(statement => statement.Rows is null && statement.Sql.StartsWith("insert into bus_inbox", StringComparison.Ordinal));
        return base.CommitAsync(work, cancellation);
    }
}

/// <summary>Says that it is committed, and commits when it comes to it.</summary>
internal sealed class AckBeforeCommit(IStore inner) : Saboteur(inner)
{
    public override Task<CommitOutcome> CommitAsync(WriteSet work, CancellationToken cancellation = default)
    {
        if (work.Statements[0].Sql.StartsWith("insert into bus_inbox", StringComparison.Ordinal))
        {
            _ = base.CommitAsync(work, cancellation);
            return Task.FromResult(new CommitOutcome(CommitResult.Committed));
        }

        return base.CommitAsync(work, cancellation);
    }
}

/// <summary>Writes state and message in two commits.</summary>
internal sealed class TwoCommits(IStore inner) : Saboteur(inner)
{
    public override async Task<CommitOutcome> CommitAsync(WriteSet work, CancellationToken cancellation = default)
    {
        var state = new WriteSet(work.Context, work.Now);
        foreach (var statement in Of(work).Where(statement => !statement.Sql.StartsWith("insert into bus_outbox", StringComparison.Ordinal)))
        {
            state.Add(statement);
        }

        Of(work).RemoveAll(state.Statements.Contains);
        var outcome = await base.CommitAsync(state, cancellation);
        if (outcome.Result == CommitResult.Committed && !work.IsEmpty)
        {
            await base.CommitAsync(work, cancellation);
        }

        return outcome;
    }
}

/// <summary>Moves the cursor before anything was sent.</summary>
internal sealed class CursorFirst(IStore inner) : Saboteur(inner)
{
    public override Task<CommitOutcome> CommitAsync(WriteSet work, CancellationToken cancellation = default)
    {
        if (work.Statements[0].Sql.StartsWith("insert into bus_cursor", StringComparison.Ordinal) && work.Context.Id.StartsWith("relay/", StringComparison.Ordinal) && work.Context.Id != "relay/register")
        {
            // What the last life had read and not yet brought counts as brought.
            work.Execute("update bus_cursor set position = coalesce((select max(seq) from bus_outbox), 0) where name like 'push/%'");
        }

        return base.CommitAsync(work, cancellation);
    }
}

/// <summary>Writes a saga without a look at its version.</summary>
internal sealed class BlindSaga(IStore inner) : Saboteur(inner)
{
    public override Task<CommitOutcome> CommitAsync(WriteSet work, CancellationToken cancellation = default)
    {
        var statements = Of(work);
        for (var i = 0; i < statements.Count; i++)
        {
            if (statements[i].Sql.StartsWith("update saga set", StringComparison.Ordinal))
            {
                statements[i] = statements[i] with { Sql = statements[i].Sql.Replace(" and version = @version - 1", "", StringComparison.Ordinal) };
            }
        }

        return base.CommitAsync(work, cancellation);
    }
}

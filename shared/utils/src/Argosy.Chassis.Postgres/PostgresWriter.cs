using System.Data;
using System.Diagnostics;
using System.Threading.Channels;
using Argosy.Chassis.Store;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Argosy.Chassis.Postgres;

/// <summary>
/// The commit pipeline of one process: one loop, one connection, all write sets that wait in one transaction. The protocol:
/// <list type="number">
/// <item>Take what waits, at most 256 sets; what was cancelled before this moment is left out.</item>
/// <item>One batch: BEGIN (read committed), the schema's advisory lock as a statement of its own, the statements of all sets. Only now
/// are positions drawn, and no other transaction draws any until this one's are visible.</item>
/// <item>Each statement must have touched the rows that it must. If one has not, or was refused: roll back, and run the group again
/// with a savepoint for each set, so that it costs only its owner.</item>
/// <item>COMMIT. Whatever fails before it was sent has no effect: the sets have failed. Whatever fails after is unknown, unless the
/// server says that it rolled back.</item>
/// <item>Only now tell the owners, then wake relays and workers, here and in other instances.</item>
/// </list>
/// A connection that turns out to be dead before COMMIT was sent is replaced, and the group run once more: a restart of the server
/// costs nobody a write.
/// </summary>
internal sealed partial class PostgresWriter : IAsyncDisposable
{
    private const int MaxGroup = 256;
    private const int MaxWaiting = 4096;

    // The lock is held meanwhile: an instance that is stopped inside a transaction must not stop the others.
    private const string Session = "-c synchronous_commit=on -c idle_in_transaction_session_timeout=5s";

    private readonly PostgresAddress _address;
    private readonly string _connectionString;
    private readonly string _lock;
    private readonly Action<bool, bool> _tell;
    private readonly ILogger _log;
    private readonly Channel<PendingSet> _waiting = Channel.CreateBounded<PendingSet>(new BoundedChannelOptions(MaxWaiting) { SingleReader = true });
    private readonly Task _running;
    private NpgsqlConnection? _connection;
    private long _oldest;

    public PostgresWriter(PostgresAddress address, string application, Action<bool, bool> tell, ILogger log)
    {
        _address = address;
        _connectionString = address.ConnectionString($"{application} writer", connection =>
        {
            connection.Pooling = false;
            connection.Options = Session;
            connection.IncludeFailedBatchedCommand = true;      // whose statement was refused
        });
        _lock = PostgresLocks.Commit(address.Schema);
        _tell = tell;
        _log = log;
        StoreTelemetry.Wait(0);     // a queue that is empty is worth knowing too
        _running = Task.Run(RunAsync);
    }

    /// <summary>How long ago the oldest set of the group under way was handed in; zero where none is.</summary>
    public TimeSpan Behind => Volatile.Read(ref _oldest) is not 0 and var oldest ? Stopwatch.GetElapsedTime(oldest) : TimeSpan.Zero;

    public async Task<CommitOutcome> CommitAsync(WriteSet work, CancellationToken cancellation)
    {
        var pending = new PendingSet(work);
        await _waiting.Writer.WriteAsync(pending, cancellation);
        StoreTelemetry.Wait(1);
        await using var registration = cancellation.UnsafeRegister(static (state, token) => ((PendingSet)state!).Cancel(token), pending);
        return await pending.Done.Task;
    }

    public async ValueTask DisposeAsync()
    {
        _waiting.Writer.TryComplete();
        await _running;
        await DropAsync();
    }

    private async Task RunAsync()
    {
        var group = new List<PendingSet>(MaxGroup);
        while (await _waiting.Reader.WaitToReadAsync())
        {
            while (group.Count < MaxGroup && _waiting.Reader.TryRead(out var next))
            {
                StoreTelemetry.Wait(-1);
                if (next.TryTake())
                {
                    group.Add(next);
                }
            }

            if (group.Count > 0)
            {
                await CommitGroupAsync(group);
                group.Clear();
            }
        }
    }

    private async Task CommitGroupAsync(List<PendingSet> group)
    {
        var began = Stopwatch.GetTimestamp();
        Volatile.Write(ref _oldest, group[0].Since);
        var known = _connection is not null;
        if (await TryAsync(group) is { Result: CommitResult.Failed, Error: not NpgsqlException { InnerException: TimeoutException } } && known)
        {
            await TryAsync(group);
        }

        Volatile.Write(ref _oldest, 0);
        StoreTelemetry.Grouped(group.Count, Stopwatch.GetElapsedTime(began));
        var (publishes, parks) = PendingSet.Tell(group, _log);
        _tell(publishes, parks);
    }

    // Null: each set has an outcome of its own. Else all of them have this one.
    private async Task<CommitOutcome?> TryAsync(List<PendingSet> group)
    {
        var sent = false;
        try
        {
            var connection = await ConnectAsync();
            await using var transaction = await ApplyAsync(connection, group);
            if (group.Any(set => set.Outcome.Result == CommitResult.Committed))
            {
                Failpoints.Hit("commit.before");
                sent = true;
                await transaction.CommitAsync();
                Failpoints.Hit("commit.after");
            }

            return null;
        }
        catch (Exception e)
        {
            // Whatever it was, the owners are told, and what this connection is in the middle of nobody has to know.
            await DropAsync();
            var outcome = new CommitOutcome(sent && !PostgresFaults.SaysRolledBack(e) ? CommitResult.Unknown : CommitResult.Failed, PostgresFaults.Named(e, _address));
            LogAbandoned(_log, group.Count, outcome.Result, outcome.Error!.Message);
            foreach (var set in group)
            {
                set.Outcome = outcome;
            }

            return outcome;
        }
    }

    // The transaction that holds what is to be committed, and an outcome for each set.
    private async Task<NpgsqlTransaction> ApplyAsync(NpgsqlConnection connection, List<PendingSet> group)
    {
        var transaction = await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted);
        if (await ApplyAllAsync(connection, transaction, group))
        {
            return transaction;
        }

        await transaction.RollbackAsync();
        if (group.Count == 1)
        {
            return transaction;     // it has its outcome
        }

        await transaction.DisposeAsync();
        transaction = await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted);
        for (var i = 0; i < group.Count; i++)
        {
            group[i].Outcome = await ApplyOneAsync(connection, transaction, group[i].Work, first: i == 0);
        }

        return transaction;
    }

    private async Task<bool> ApplyAllAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, List<PendingSet> group)
    {
        try
        {
            await using var batch = new NpgsqlBatch(connection, transaction);
            batch.BatchCommands.Add(new NpgsqlBatchCommand(_lock));
            foreach (var set in group)
            {
                Add(batch, set.Work);
            }

            var refused = await ExecuteAsync(batch);
            var next = 1;
            foreach (var set in group)
            {
                set.Outcome = OutcomeOf(set.Work, batch, next, refused);
                next += set.Work.Statements.Count;
            }
        }
        catch (ArgumentException e)
        {
            // A statement that cannot be sent: which one, the other way tells.
            group[0].Outcome = new CommitOutcome(CommitResult.Failed, e);
            return false;
        }

        return group.TrueForAll(set => set.Outcome.Result == CommitResult.Committed);
    }

    private async Task<CommitOutcome> ApplyOneAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, WriteSet work, bool first)
    {
        CommitOutcome outcome;
        await using var batch = new NpgsqlBatch(connection, transaction);
        batch.BatchCommands.Add(new NpgsqlBatchCommand(first ? _lock : "release savepoint one"));
        batch.BatchCommands.Add(new NpgsqlBatchCommand("savepoint one"));
        try
        {
            Add(batch, work);
            outcome = OutcomeOf(work, batch, 2, await ExecuteAsync(batch));
        }
        catch (ArgumentException e)
        {
            outcome = new CommitOutcome(CommitResult.Failed, e);
            await using var empty = new NpgsqlBatch(connection, transaction) { BatchCommands = { new NpgsqlBatchCommand(first ? _lock : "release savepoint one"), new NpgsqlBatchCommand("savepoint one") } };
            await empty.ExecuteNonQueryAsync();
        }

        if (outcome.Result != CommitResult.Committed)
        {
            await transaction.RollbackAsync("one");
        }

        return outcome;
    }

    private static void Add(NpgsqlBatch batch, WriteSet work)
    {
        foreach (var statement in work.Statements)
        {
            var sql = PostgresSql.Of(statement.Sql);
            var command = new NpgsqlBatchCommand(sql.Text);
            sql.Bind(command.Parameters, statement.Args);
            batch.BatchCommands.Add(command);
        }
    }

    // Null: none was refused. What ends the session or came from it being lost is not one statement's fault, and is thrown.
    private static async Task<PostgresException?> ExecuteAsync(NpgsqlBatch batch)
    {
        try
        {
            await batch.ExecuteNonQueryAsync();
            return null;
        }
        catch (PostgresException e) when (e.InvariantSeverity == "ERROR" && e.BatchCommand is not null && !PostgresFaults.IsTransient(e))
        {
            return e;
        }
    }

    // The first statement that does not hold decides; what came after it is rolled back with it.
    private static CommitOutcome OutcomeOf(WriteSet work, NpgsqlBatch batch, int first, PostgresException? refused)
    {
        for (var i = 0; i < work.Statements.Count; i++)
        {
            var (statement, command) = (work.Statements[i], batch.BatchCommands[first + i]);
            if (refused is not null && ReferenceEquals(refused.BatchCommand, command))
            {
                return new CommitOutcome(CommitResult.Failed, refused);
            }

            var touched = statement.IsQuery ? Math.Min(command.Rows, 1) : command.Rows;
            if (statement.Rows is { } expected && touched != (ulong)expected)
            {
                return new CommitOutcome(statement.OnMismatch == Mismatch.Duplicate ? CommitResult.Duplicate : CommitResult.Conflict);
            }
        }

        return new CommitOutcome(CommitResult.Committed);
    }

    private async Task<NpgsqlConnection> ConnectAsync()
    {
        if (_connection is { FullState: ConnectionState.Open } open)
        {
            return open;
        }

        await DropAsync();
        var connection = new NpgsqlConnection(_connectionString);
        await connection.OpenAsync();
        return _connection = connection;
    }

    private async Task DropAsync()
    {
        if (_connection is not null)
        {
            await _connection.DisposeAsync();
            _connection = null;
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "A group of {Count} write sets ended as {Result}: {Reason}")]
    private static partial void LogAbandoned(ILogger logger, int count, CommitResult result, string reason);
}

using System.Collections.Concurrent;
using System.Diagnostics;
using Argosy.Chassis.Messaging;
using Argosy.Chassis.Store;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;

namespace Argosy.Chassis.Sqlite;

/// <summary>
/// The commit pipeline: one thread, one connection, all write sets that wait in one transaction. Group commit is the lever: a
/// flush to disk costs the same for one set and for 256. The protocol:
/// <list type="number">
/// <item>Take what waits, at most 256 sets; what was cancelled before this moment is left out.</item>
/// <item>BEGIN IMMEDIATE; a savepoint per set, its statements in their order; a set that does not hold is rolled back alone.</item>
/// <item>COMMIT, with <c>synchronous=FULL</c>: durable when it returns.</item>
/// <item>Only now tell the owners, then wake relays and workers.</item>
/// </list>
/// </summary>
internal sealed partial class SqliteWriter : IAsyncDisposable
{
    private const int MaxGroup = 256;
    private const int MaxWaiting = 4096;
    private const int IoError = 10;
    private const int Corrupt = 11;
    private const int NotADatabase = 26;

    private readonly SqliteConnection _connection;
    private readonly StatementCache _statements;
    private readonly ILogger _log;
    private readonly Signal _published;
    private readonly Signal _parked;
    private readonly BlockingCollection<PendingSet> _waiting = [];
    private readonly SemaphoreSlim _room = new(MaxWaiting, MaxWaiting);
    private readonly Thread? _thread;
    private readonly ConcurrentQueue<WriterHold> _holds = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _oldest;

    /// <param name="onCallersThread">Whoever asks commits, alone and at once: for a database in memory that one thread has to itself.</param>
    public SqliteWriter(SqliteConnection connection, Signal published, Signal parked, ILogger log, bool onCallersThread = false)
    {
        _connection = connection;
        _log = log;
        _published = published;
        _parked = parked;
        _statements = new StatementCache(connection);
        if (onCallersThread)
        {
            _ended.SetResult();
            return;
        }

        _thread = new Thread(Run) { IsBackground = true, Name = "commit pipeline" };
        StoreTelemetry.Wait(0);     // a queue that is empty is worth knowing too
        _thread.Start();
    }

    /// <summary>How long ago the oldest set of the group under way was handed in; zero where none is.</summary>
    public TimeSpan Behind => Volatile.Read(ref _oldest) is not 0 and var oldest ? Stopwatch.GetElapsedTime(oldest) : TimeSpan.Zero;

    public async Task<CommitOutcome> CommitAsync(WriteSet work, CancellationToken cancellation)
    {
        if (_thread is null)
        {
            cancellation.ThrowIfCancellationRequested();
            var alone = new PendingSet(work);
            CommitGroup([alone]);
            return alone.Outcome;
        }

        await _room.WaitAsync(cancellation);
        try
        {
            var pending = new PendingSet(work);
            await using var registration = cancellation.UnsafeRegister(static (state, token) => ((PendingSet)state!).Cancel(token), pending);
            StoreTelemetry.Wait(1);
            _waiting.Add(pending, CancellationToken.None);
            return await pending.Done.Task;
        }
        finally
        {
            _room.Release();
        }
    }

    /// <summary>Stands still between two groups, see <see cref="WriterHold"/>; returns when it does.</summary>
    public async Task<WriterHold> HoldAsync(TimeSpan lease, CancellationToken cancellation)
    {
        var hold = new WriterHold(lease);
        _holds.Enqueue(hold);

        // A set without a word in it wakes the thread. The thread may take the hold before this set, which then waits with the others.
        var wake = CommitAsync(new WriteSet(new MessageContext("hold", "", new MessageHeaders()), DateTimeOffset.UnixEpoch), CancellationToken.None);
        if (await Task.WhenAny(hold.Taken, wake) == wake)
        {
            await wake;
        }

        try
        {
            await hold.Taken.WaitAsync(cancellation);
            return hold;
        }
        catch (OperationCanceledException)
        {
            hold.Release();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        _waiting.CompleteAdding();
        await _ended.Task;
        _statements.Dispose();
        await _connection.DisposeAsync();
        _room.Dispose();
        _waiting.Dispose();
    }

    private void Run()
    {
        var group = new List<PendingSet>(MaxGroup);
        foreach (var first in _waiting.GetConsumingEnumerable())
        {
            Take(first, group);
            while (group.Count < MaxGroup && _waiting.TryTake(out var next))
            {
                Take(next, group);
            }

            if (group.Count > 0)
            {
                CommitGroup(group);
                group.Clear();
            }

            while (_holds.TryDequeue(out var hold))
            {
                hold.Occupy();
            }
        }

        _ended.SetResult();
    }

    private static void Take(PendingSet set, List<PendingSet> group)
    {
        StoreTelemetry.Wait(-1);
        if (set.TryTake())
        {
            group.Add(set);
        }
    }

    private void CommitGroup(List<PendingSet> group)
    {
        var began = Stopwatch.GetTimestamp();
        Volatile.Write(ref _oldest, group[0].Since);
        try
        {
            _statements.Run("begin immediate");
            foreach (var set in group)
            {
                set.Outcome = Apply(set.Work);
            }

            Failpoints.Hit("commit.before");
            _statements.Run("commit");
            Failpoints.Hit("commit.after");
        }
        catch (Exception e) when (e is SqliteException or InvalidOperationException)
        {
            Abandon(group, e);
        }

        Volatile.Write(ref _oldest, 0);
        StoreTelemetry.Grouped(group.Count, Stopwatch.GetElapsedTime(began));
        Tell(group);
    }

    private CommitOutcome Apply(WriteSet work)
    {
        _statements.Run("savepoint one");
        CommitOutcome outcome;
        try
        {
            outcome = Execute(work);
        }
        catch (Exception e) when (e is not SqliteException fatal || !EndsTransaction(fatal))
        {
            outcome = new CommitOutcome(CommitResult.Failed, e);
        }

        if (outcome.Result != CommitResult.Committed)
        {
            _statements.Run("rollback to one");
        }

        _statements.Run("release one");
        return outcome;
    }

    private CommitOutcome Execute(WriteSet work)
    {
        foreach (var statement in work.Statements)
        {
            var command = _statements.Get(statement.Sql, statement.Args);
            var touched = statement.IsQuery ? (command.ExecuteScalar() is null ? 0 : 1) : command.ExecuteNonQuery();
            if (statement.Rows is { } expected && touched != expected)
            {
                return new CommitOutcome(statement.OnMismatch == Mismatch.Duplicate ? CommitResult.Duplicate : CommitResult.Conflict);
            }
        }

        return new CommitOutcome(CommitResult.Committed);
    }

    // The transaction is gone: nothing of the group is in, unless the failure was COMMIT's own and the disk's.
    private void Abandon(List<PendingSet> group, Exception error)
    {
        if (error is SqliteException { SqliteErrorCode: IoError or Corrupt or NotADatabase })
        {
            // What is on the disk now, only a fresh start can tell. Recovery reads it; nobody was told anything.
            LogFatal(_log, error);
            Environment.FailFast($"The database cannot be written: {error.Message}", error);
        }

        LogAbandoned(_log, error, group.Count);
        try
        {
            _statements.Run("rollback");
        }
        catch (SqliteException)
        {
            // SQLite has rolled back by itself, as it does when the disk is full.
        }

        foreach (var set in group)
        {
            set.Outcome = new CommitOutcome(CommitResult.Failed, error);
        }
    }

    private void Tell(List<PendingSet> group)
    {
        var (publishes, parks) = PendingSet.Tell(group, _log);
        if (publishes)
        {
            _published.Set();
        }

        if (parks)
        {
            _parked.Set();
        }
    }

    // SQLITE_FULL, SQLITE_IOERR, SQLITE_NOMEM and SQLITE_BUSY may roll the whole transaction back (sqlite.org/lang_transaction.html).
    private static bool EndsTransaction(SqliteException error) => error.SqliteErrorCode is 5 or 7 or IoError or 13 or Corrupt or NotADatabase;

    [LoggerMessage(Level = LogLevel.Critical, Message = "The database cannot be written; the process ends")]
    private static partial void LogFatal(ILogger logger, Exception error);

    [LoggerMessage(Level = LogLevel.Error, Message = "A group of {Count} write sets was rolled back")]
    private static partial void LogAbandoned(ILogger logger, Exception error, int count);
}

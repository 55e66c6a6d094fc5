using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;

namespace Argosy.PaymentProvider;

/// <summary>
/// The database file and its one writer.
/// <list type="number">
/// <item>An operation is a function from the books as they are to an answer; it is queued, its caller waits.</item>
/// <item>The writer, a thread of its own, takes all that wait (at most 256) and begins one transaction.</item>
/// <item>Each operation runs in a savepoint: one that throws undoes itself and nobody else.</item>
/// <item>One COMMIT with <c>synchronous=FULL</c>, and only then do the callers learn what happened.</item>
/// </list>
/// So a caller that has an answer has it from the disk, and many callers share one flush.
/// </summary>
internal sealed class Books : IDisposable
{
    private const int MostInOneCommit = 256;
    private const int MostWaiting = 4096;

    private readonly string _path;
    private readonly FileStream _ownership;
    private readonly Statements _writer;
    private readonly Thread _thread;
    private readonly BlockingCollection<Operation> _waiting = [];
    private readonly SemaphoreSlim _room = new(MostWaiting);

    /// <summary>Opens the books and takes them for this process alone.</summary>
    /// <exception cref="IOException">Another process owns them, or the path cannot be written.</exception>
    public Books(string path)
    {
        _path = path;
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        // The operating system gives this lock back when the process dies, however it dies.
        _ownership = new FileStream(path + ".lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        _writer = new Statements(Open(SqliteOpenMode.ReadWriteCreate));
        _writer.Execute("pragma journal_mode = wal");
        _writer.Execute("pragma synchronous = full");
        _writer.Execute("pragma wal_autocheckpoint = 4000");       // pages: each is written once a checkpoint, however often it changed
        _writer.Execute("pragma foreign_keys = on");
        ApplySchema();
        _thread = new Thread(WriteUntilClosed) { IsBackground = true, Name = "books" };
        _thread.Start();
    }

    /// <summary>Runs an operation in the next commit; completes once it is on disk.</summary>
    public async Task<T> WriteAsync<T>(Func<Statements, T> operation)
    {
        await _room.WaitAsync();
        var queued = new Operation<T>(operation);
        _waiting.Add(queued);
        return await queued.Answer.Task;
    }

    /// <summary>Reads what is committed, never waiting for the writer.</summary>
    public T Read<T>(Func<Statements, T> query)
    {
        using var reader = new Statements(Open(SqliteOpenMode.ReadOnly));
        return query(reader);
    }

    public void Dispose()
    {
        _waiting.CompleteAdding();
        _thread.Join();
        _writer.Dispose();
        _waiting.Dispose();
        _room.Dispose();
        _ownership.Dispose();
    }

    private SqliteConnection Open(SqliteOpenMode mode)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = _path,
            Mode = mode,
            Pooling = mode == SqliteOpenMode.ReadOnly,
            DefaultTimeout = 10,
        }.ToString());
        connection.Open();
        return connection;
    }

    private void ApplySchema()
    {
        using var schema = new StreamReader(typeof(Books).Assembly.GetManifestResourceStream("schema.sql")!);
        _writer.Execute("begin immediate");
        _writer.Execute(schema.ReadToEnd());
        _writer.Execute("commit");
    }

    private void WriteUntilClosed()
    {
        var group = new List<Operation>(MostInOneCommit);
        foreach (var first in _waiting.GetConsumingEnumerable())
        {
            group.Add(first);
            while (group.Count < MostInOneCommit && _waiting.TryTake(out var next))
            {
                group.Add(next);
            }

            _room.Release(group.Count);
            Commit(group);
            group.Clear();
        }
    }

    private void Commit(List<Operation> group)
    {
        try
        {
            _writer.Execute("begin immediate");
            group.ForEach(operation => operation.Run(_writer));
            Failpoints.Hit("books.commit.before");
            _writer.Execute("commit");
            Failpoints.Hit("books.commit.after");
        }
        catch (SqliteException e)
        {
            // Whether the commit is on disk is unknown, and nobody may be told either. A restart reads what is there.
            Environment.FailFast($"argosy: payment-provider: the books can't be written ({e.Message}); stopping instead of guessing", e);
        }

        group.ForEach(operation => operation.Tell());
    }

    private abstract class Operation
    {
        public abstract void Run(Statements books);

        public abstract void Tell();
    }

    private sealed class Operation<T>(Func<Statements, T> operation) : Operation
    {
        // Continuations must not run on the writer's thread.
        public readonly TaskCompletionSource<T> Answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private T? _answer;
        private Exception? _failure;

        public override void Run(Statements books)
        {
            books.Execute("savepoint operation");
            try
            {
                _answer = operation(books);
                books.Execute("release operation");
            }
            catch (Exception e)
            {
                _failure = e;
                books.Execute("rollback to operation");
                books.Execute("release operation");
            }
        }

        public override void Tell()
        {
            if (_failure is null)
            {
                Answer.SetResult(_answer!);
            }
            else
            {
                Answer.SetException(_failure);
            }
        }
    }
}

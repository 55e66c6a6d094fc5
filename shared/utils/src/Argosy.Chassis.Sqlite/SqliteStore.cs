using System.Collections.Concurrent;
using Argosy.Chassis.Store;
using Dapper;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;

namespace Argosy.Chassis.Sqlite;

/// <summary>
/// A service's database in one SQLite file: <c>journal_mode=WAL</c>, <c>synchronous=FULL</c>, one writer thread, readers beside it.
/// One process owns the file, by a lock of the operating system that dies with it.
/// </summary>
public sealed class SqliteStore : IStore, IAsyncDisposable
{
    // Reads are work of the processor: more of them side by side than there are processors only keep more memory.
    private static readonly int MaxReaders = Math.Clamp(Environment.ProcessorCount, 2, 8);

    private const int WriterCache = 2048;       // KiB
    private const int ReaderCache = 512;        // less, since it is worth nothing after the next commit
    private const int Busy = 5;
    private const int Locked = 6;
    private const int Full = 13;           // no room on the disk: there may be some again

    private readonly string _connectionString;
    private readonly TimeProvider _time;
    private readonly FileStream? _owner;
    private readonly ConcurrentBag<Reader> _idle = [];
    private readonly SemaphoreSlim _readers = new(MaxReaders, MaxReaders);
    private readonly SqliteConnection _keepAlive;
    private readonly bool _inMemory;        // then there is one connection, and no second one could see what it holds
    private readonly SqliteWriter _writer;
    private readonly StoreTelemetry _telemetry;

    private SqliteStore(string connectionString, FileStream? owner, TimeProvider time, ILogger log, bool inMemory = false)
    {
        _connectionString = connectionString;
        _owner = owner;
        _time = time;
        _keepAlive = Open();
        _telemetry = new StoreTelemetry("sqlite", Path.GetFileNameWithoutExtension(new SqliteConnectionStringBuilder(connectionString).DataSource));
        _inMemory = inMemory;
        _writer = new SqliteWriter(inMemory ? _keepAlive : Open(), Published, Parked, log, onCallersThread: inMemory);
        if (inMemory)
        {
            _idle.Add(new Reader(_keepAlive));
        }
    }

    /// <inheritdoc/>
    public Signal Published { get; } = new();

    /// <inheritdoc/>
    public Signal Parked { get; } = new();

    /// <inheritdoc/>
    public string NowSql => "cast(unixepoch('subsec') * 1000 as integer)";

    /// <inheritdoc/>
    public bool IsShared => false;

    /// <inheritdoc/>
    public TimeSpan Behind => _writer.Behind;

    /// <summary>Opens or makes the file; throws <see cref="IOException"/> where another process owns it.</summary>
    public static SqliteStore Open(string path, TimeProvider time, ILogger<SqliteStore> log)
    {
        var full = Path.GetFullPath(path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        FileStream claimed;
        try
        {
            claimed = new FileStream(full + ".lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e)
        {
            throw new IOException($"{full} belongs to another process, which holds {full}.lock: stop that one, or choose another file.", e);
        }

        return new SqliteStore(new SqliteConnectionStringBuilder { DataSource = full, Pooling = false }.ToString(), claimed, time, log);
    }

    /// <summary>
    /// A database that lives in memory and dies with the store: for simulations. It belongs to one thread, which reads and commits
    /// through one connection; nothing runs beside it.
    /// </summary>
    public static SqliteStore InMemory(TimeProvider time, ILogger<SqliteStore> log) =>
        new(new SqliteConnectionStringBuilder { DataSource = ":memory:", Pooling = false }.ToString(), null, time, log, inMemory: true);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<T>> QueryAsync<T>(string sql, object? args = null, CancellationToken cancellation = default)
    {
        var query = _telemetry.Query(sql);
        try
        {
            return await WhenFreeAsync<T>(sql, args, cancellation);
        }
        catch (Exception e)
        {
            query.Failed(e);
            throw;
        }
        finally
        {
            query.Dispose();
        }
    }

    /// <inheritdoc/>
    public async Task<CommitOutcome> CommitAsync(WriteSet work, CancellationToken cancellation = default)
    {
        var commit = _telemetry.Writes(work);
        try
        {
            var outcome = await _writer.CommitAsync(work, cancellation);
            commit.Ended(outcome);
            return outcome;
        }
        finally
        {
            commit.Dispose();
        }
    }

    /// <inheritdoc/>
    public bool IsTransient(Exception error) =>
        error is SqliteException { SqliteErrorCode: Busy or Locked or Full } || (error is CommitException { InnerException: { } inner } && IsTransient(inner));

    /// <inheritdoc/>
    public Task MigrateAsync(IReadOnlyList<Migration> migrations, CancellationToken cancellation = default)
    {
        using var connection = _inMemory ? null : Open();
        SqliteMigrations.Run(connection ?? _keepAlive, [.. SqliteMigrations.Chassis, .. migrations], _time);
        return Task.CompletedTask;
    }

    /// <summary>
    /// Stops committing, for <paramref name="lease"/> at most, and takes a snapshot. Whoever has done so with several databases, and whose
    /// <see cref="SqliteSnapshot.Release"/> is then true for each, has all of them as they were at one instant.
    /// </summary>
    public async Task<SqliteSnapshot> HoldAsync(TimeSpan lease, CancellationToken cancellation = default)
    {
        var hold = await _writer.HoldAsync(lease, cancellation);
        return new SqliteSnapshot(Open(ReaderCache), hold);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _writer.DisposeAsync();
        foreach (var reader in _idle)
        {
            reader.Dispose();
        }

        await _keepAlive.DisposeAsync();
        _readers.Dispose();
        if (_owner is not null)
        {
            await _owner.DisposeAsync();
        }
    }

    private async Task<IReadOnlyList<T>> WhenFreeAsync<T>(string sql, object? args, CancellationToken cancellation)
    {
        await _readers.WaitAsync(cancellation);
        try
        {
            return Select<T>(sql, args);
        }
        finally
        {
            _readers.Release();
        }
    }

    private List<T> Select<T>(string sql, object? args)
    {
        var reader = _idle.TryTake(out var free) ? free : new Reader(Open(ReaderCache));
        try
        {
            return reader.Query<T>(sql, args);
        }
        finally
        {
            _idle.Add(reader);
        }
    }

    private SqliteConnection Open(int cacheKiB = WriterCache)
    {
        var connection = new SqliteConnection(_connectionString);
        connection.Open();
        using var pragmas = connection.CreateCommand();
        // A checkpoint writes each page once, however often it has changed: at 16 MiB of log (4,000 pages) it writes less than at the
        // usual 4, and the log stays small enough to be read again after a crash within a fraction of a second.
        pragmas.CommandText = $"pragma journal_mode = wal; pragma synchronous = full; pragma busy_timeout = 5000; pragma foreign_keys = on; pragma wal_autocheckpoint = 4000; pragma cache_size = -{cacheKiB};";
        pragmas.ExecuteNonQuery();
        return connection;
    }

    /// <summary>A connection of its own, which keeps what it has prepared: most of a small query's time is its preparation.</summary>
    private sealed class Reader(SqliteConnection connection) : IDisposable
    {
        private readonly StatementCache _statements = new(connection);

        public List<T> Query<T>(string sql, object? args)
        {
            using var rows = _statements.Get(sql, args).ExecuteReader();
            return rows.Parse<T>().AsList();
        }

        public void Dispose()
        {
            _statements.Dispose();
            connection.Dispose();
        }
    }
}

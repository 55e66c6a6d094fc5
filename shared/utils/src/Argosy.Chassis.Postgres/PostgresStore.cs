using System.Runtime.ExceptionServices;
using Argosy.Chassis.Store;
using Dapper;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Argosy.Chassis.Postgres;

/// <summary>
/// A service's database in a schema of PostgreSQL, which any number of its instances share: reads through a pool, writes through one
/// commit pipeline for each process, wake-ups from the others by <c>NOTIFY</c>.
/// </summary>
public sealed class PostgresStore : IStore, IAsyncDisposable
{
    private readonly PostgresAddress _address;
    private readonly NpgsqlDataSource _source;
    private readonly string _migrating;
    private readonly TimeProvider _time;
    private readonly PostgresWriter _writer;
    private readonly PostgresWakeUps _wakeUps;
    private readonly StoreTelemetry _telemetry;

    private PostgresStore(PostgresAddress address, string application, TimeProvider time, ILogger log)
    {
        _address = address;
        _time = time;
        _migrating = address.ConnectionString($"{application} migrate", connection =>
        {
            // It holds the lock of migrations: an instance that is stopped inside one must not stop the others for good.
            (connection.Pooling, connection.MaxAutoPrepare, connection.Options) = (false, 0, "-c idle_in_transaction_session_timeout=30s");
        });
        _source = NpgsqlDataSource.Create(address.ConnectionString(application));
        _wakeUps = new PostgresWakeUps(address, application, Published, Parked, time, log);
        _writer = new PostgresWriter(address, application, Tell, log);
        _telemetry = new StoreTelemetry("postgresql", address.Database);
    }

    /// <inheritdoc/>
    public Signal Published { get; } = new();

    /// <inheritdoc/>
    public Signal Parked { get; } = new();

    /// <inheritdoc/>
    public string NowSql => "cast(extract(epoch from clock_timestamp()) * 1000 as bigint)";

    /// <inheritdoc/>
    public bool IsShared => true;

    /// <inheritdoc/>
    public TimeSpan Behind => _writer.Behind;

    /// <summary>A store at this address. Nothing is connected yet: the database may be away.</summary>
    public static PostgresStore Open(PostgresAddress address, string application, TimeProvider time, ILogger<PostgresStore> log) => new(address, application, time, log);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<T>> QueryAsync<T>(string sql, object? args = null, CancellationToken cancellation = default)
    {
        var query = _telemetry.Query(sql);
        try
        {
            return await SelectAsync<T>(sql, args, cancellation);
        }
        catch (Exception e)
        {
            var named = PostgresFaults.Named(e, _address);
            query.Failed(named);
            ExceptionDispatchInfo.Throw(named);
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
        PostgresFaults.IsTransient(error) || (error is CommitException { InnerException: { } inner } && IsTransient(inner));

    /// <inheritdoc/>
    public async Task MigrateAsync(IReadOnlyList<Migration> migrations, CancellationToken cancellation = default)
    {
        try
        {
            // A connection of its own: plans that others keep must not outlive the tables they were made for.
            await using var connection = new NpgsqlConnection(_migrating);
            await connection.OpenAsync(cancellation);
            await PostgresMigrations.RunAsync(connection, _address, [.. PostgresMigrations.Chassis, .. migrations], _time.GetUtcNow(), cancellation);
        }
        catch (Exception e) when (PostgresFaults.IsTransient(PostgresFaults.Named(e, _address)))
        {
            throw new StoreAwayException(PostgresFaults.Explain(e, _address), e);
        }
        catch (PostgresException e)
        {
            throw new MigrationException($"The schema could not be brought up to date. {PostgresFaults.Explain(e, _address)}");
        }

        _wakeUps.Start();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _writer.DisposeAsync();
        await _wakeUps.DisposeAsync();
        await _source.DisposeAsync();
    }

    private async Task<List<T>> SelectAsync<T>(string sql, object? args, CancellationToken cancellation)
    {
        var statement = PostgresSql.Of(sql);
        await using var command = _source.CreateCommand(statement.Text);
        statement.Bind(command.Parameters, args);
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        var read = Row<T>.IsValue ? Row<T>.Value : rows.GetRowParser<T>();
        var found = new List<T>();
        while (await rows.ReadAsync(cancellation))
        {
            found.Add(read(rows));
        }

        return found;
    }

    private void Tell(bool published, bool parked)
    {
        if (published)
        {
            Published.Set();
        }

        if (parked)
        {
            Parked.Set();
        }

        _wakeUps.Tell(published, parked);
    }

    /// <summary>Rows of one column: PostgreSQL's literals are 32 bits wide, what we ask for is not.</summary>
    private static class Row<T>
    {
        private static readonly Type Kind = Nullable.GetUnderlyingType(typeof(T)) ?? typeof(T);

        public static bool IsValue { get; } = Kind.IsPrimitive || Kind == typeof(string) || Kind == typeof(byte[]) || Kind == typeof(decimal);

        public static T Value(System.Data.Common.DbDataReader row) => row.GetValue(0) switch
        {
            DBNull => default!,
            T value => value,
            var other => (T)Convert.ChangeType(other, Kind, System.Globalization.CultureInfo.InvariantCulture),
        };
    }
}

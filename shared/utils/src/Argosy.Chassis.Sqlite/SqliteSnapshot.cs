using Microsoft.Data.Sqlite;

namespace Argosy.Chassis.Sqlite;

/// <summary>
/// A database as it was at one instant, and for as long as this is open: a read transaction that began while the commit pipeline stood
/// still. What is committed later is not in it.
/// </summary>
public sealed class SqliteSnapshot : IAsyncDisposable
{
    private readonly SqliteConnection _connection;
    private readonly WriterHold _hold;

    internal SqliteSnapshot(SqliteConnection connection, WriterHold hold)
    {
        (_connection, _hold) = (connection, hold);
        Run("begin");
        Run("select count(*) from sqlite_schema");      // a transaction sees the state of its first read
    }

    /// <summary>Lets commits go on. True where there was none since the snapshot was taken; false where the time for that was up.</summary>
    public bool Release() => _hold.Release();

    /// <summary>Writes it into a file that is not there yet; the file is on the disk when this returns.</summary>
    public void CopyTo(string path)
    {
        using var copy = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ToString());
        copy.Open();
        _connection.BackupDatabase(copy);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _hold.Release();
        await _hold.Left;
        await _connection.DisposeAsync();
        _hold.Dispose();
    }

    private void Run(string sql)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}

using System.Data.Common;
using System.Text.Json;
using Argosy.Checker;
using Argosy.Cli.Processes;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Argosy.FaultLab.CrashPoints;

/// <summary>
/// Where a checkout is, and its deadline, which is a row of order-service's database: whoever waits for minutes in life has it come at once
/// here.
/// </summary>
internal sealed class SagaClock(DataFolder data, TimeProvider time)
{
    private const string Owner = "order-service";
    private const string WaitsForPayment = "from saga_step where saga = @saga and step = 2 and direction = 'do'";     // steps are counted from 1
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(10);

    /// <summary>Returns when the saga has asked for the payment.</summary>
    public async Task PaysAsync(string order, CancellationToken ct)
    {
        await using var database = await OpenAsync(ct);
        while (await ScalarAsync(database, $"select count(*) {WaitsForPayment}", order, ct) is 0L)
        {
            await Task.Delay(Poll, time, ct);
        }
    }

    /// <summary>The payment's deadline has come, unless its reply was quicker.</summary>
    public async Task ComesAsync(string order, CancellationToken ct)
    {
        await using var database = await OpenAsync(ct);
        await ScalarAsync(database, "update saga_step set due = 1 where saga = @saga and step = 2 and direction = 'do' and state = 'waiting'", order, ct);
    }

    private static async Task<object?> ScalarAsync(DbConnection database, string sql, string order, CancellationToken ct)
    {
        await using var command = database.CreateCommand();
        command.CommandText = sql;
        var saga = command.CreateParameter();
        (saga.ParameterName, saga.Value) = ("saga", $"checkout/{order}");
        command.Parameters.Add(saga);
        return await command.ExecuteScalarAsync(ct);
    }

    private async Task<DbConnection> OpenAsync(CancellationToken ct)
    {
        DbConnection database = File.Exists(data.Databases)
            ? new NpgsqlConnection(PostgresMirror.ConnectionString(JsonSerializer.Deserialize<Dictionary<string, Uri>>(await File.ReadAllTextAsync(data.Databases, ct))![Owner]))
            : new SqliteConnection($"Data Source={Path.Combine(data.Of(Owner), $"{Owner}.db")};Mode=ReadWrite;Pooling=false");
        await database.OpenAsync(ct);
        return database;
    }
}

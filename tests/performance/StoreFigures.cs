using System.Diagnostics;
using Argosy.Chassis.Sqlite;
using Argosy.Chassis.Store;
using Argosy.Contracts.Inventory.V1;
using Argosy.Testing;
using Dapper;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;

namespace Argosy.Performance;

/// <summary>The write path alone: one event a write set, many callers, <c>synchronous=FULL</c>; against bare SQLite in the same run.</summary>
internal sealed class StoreFigures(BenchOptions options)
{
    private const int Callers = 32;
    private const int Lanes = 64;

    public async IAsyncEnumerable<Figure> MeasureAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        var folder = Directory.CreateTempSubdirectory("argosy-bench-").FullName;
        try
        {
            var single = BareCommits(Path.Combine(folder, "bare.db"));
            var appends = await AppendsAsync(Path.Combine(folder, "store.db"), cancellation);
            yield return new Figure("bare SQLite, one insert a commit, one caller", $"{single:N0} /s");
            yield return new Figure($"appends of one event, {Callers} callers", $"{appends:N0} /s", "against bare SQLite", appends / single);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        var messages = await MessagesAsync();
        yield return new Figure($"messages through inbox, lanes and commit, {Lanes} keys", $"{messages:N0} /s");
    }

    private double BareCommits(string path)
    {
        using var connection = new SqliteConnection($"Data Source={path};Pooling=false");
        connection.Open();
        connection.Execute("pragma journal_mode = wal; pragma synchronous = full; create table event (position integer primary key, data text not null);");
        using var insert = connection.CreateCommand();
        insert.CommandText = $"insert into event (data) values ('{Appends.Data}')";
        var clock = Stopwatch.StartNew();
        var count = 0;
        for (; clock.Elapsed < options.Duration / 2; count++)
        {
            insert.ExecuteNonQuery();
        }

        return count / clock.Elapsed.TotalSeconds;
    }

    private async Task<double> AppendsAsync(string path, CancellationToken cancellation)
    {
        await using var store = SqliteStore.Open(path, TimeProvider.System, NullLogger<SqliteStore>.Instance);
        await store.MigrateAsync([], cancellation);
        return await Appends.MeasureAsync(store, Callers, 1, options.Duration / 2, cancellation);
    }

    private async Task<double> MessagesAsync()
    {
        await using var bench = await MessageBench.OpenAsync("inventory-service", typeof(StoreFigures).Assembly, _ => { }, typeof(Counting));
        var load = await Load.AtMostAsync(Lanes, options.Duration / 2, (number, _) =>
            bench.DeliverAsync(new ReleaseStock { OrderId = $"order-{number % Lanes}" }), CancellationToken.None);
        return load.PerSecond;
    }

    /// <summary>The smallest handler that has an effect.</summary>
    internal sealed class Counting
    {
        public Task Handle(ReleaseStock message, WriteSet work, CancellationToken cancellation)
        {
            work.Publish(new StockReleased { OrderId = message.OrderId });
            return Task.CompletedTask;
        }
    }
}

using Argosy.Chassis.Store;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Argosy.Chassis.Messaging;

/// <summary>
/// Removes what is decided and old: outbox rows that are behind every relay's cursor, inbox rows and HTTP answers past their horizon.
/// In small batches, so that it never holds up the commit pipeline. One instance does it, to save work: two would be right too.
/// </summary>
internal sealed partial class Cleanup(string service, IStore store, IReadOnlyList<string> cursors, TimeProvider time, ILogger<Cleanup> log) : BackgroundService
{
    private const int Batch = 500;
    private static readonly TimeSpan Every = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan OutboxRetention = TimeSpan.FromHours(1);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        new LeaseHolder("cleanup", store, time, log).RunAsync(LoopAsync, stoppingToken);

    private async Task LoopAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            await Task.Delay(Every, time, stoppingToken);
            try
            {
                while (await RunOnceAsync(stoppingToken))
                {
                    await Task.Delay(TimeSpan.FromMilliseconds(50), time, stoppingToken);
                }
            }
            catch (Exception e) when (store.IsTransient(e))
            {
                LogAway(log, e.Message);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                LogFailed(log, e);
            }
        }
    }

    /// <summary>Removes one batch of each kind; true where there may be more.</summary>
    internal async Task<bool> RunOnceAsync(CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        var taken = await TakenByAllAsync(cancellation);
        var outboxBefore = (now - OutboxRetention).ToUnixTimeMilliseconds();
        var horizon = (now - Dispatch.Horizon).ToUnixTimeMilliseconds();
        var work = new WriteSet(new MessageContext("cleanup", service, new MessageHeaders()), now);
        work.Execute(
            "delete from bus_outbox where seq in (select seq from bus_outbox where seq <= @taken and at < @before order by seq limit @batch)",
            new { taken, before = outboxBefore, batch = (long)Batch });
        work.Execute(
            """
            delete from bus_inbox where id in (
                select i.id from bus_inbox i where i.at < @horizon and not exists (select 1 from bus_parked p where p.id = i.id) order by i.at limit @batch)
            """,
            new { horizon, batch = (long)Batch });
        work.Execute(
            """
            delete from http_idempotency where (caller, method, path, key) in (
                select caller, method, path, key from http_idempotency where at < @horizon order by at limit @batch)
            """,
            new { horizon, batch = (long)Batch });
        (await store.CommitAsync(work, cancellation)).Ensure();
        return await MoreAsync(taken, outboxBefore, horizon, cancellation);
    }

    private async Task<bool> MoreAsync(long taken, long before, long horizon, CancellationToken cancellation) =>
        await store.FirstOrDefaultAsync<long?>(
            """
            select 1 where exists (select 1 from bus_outbox where seq <= @taken and at < @before)
                or exists (select 1 from bus_inbox i where i.at < @horizon and not exists (select 1 from bus_parked p where p.id = i.id))
                or exists (select 1 from http_idempotency where at < @horizon)
            """,
            new { taken, before, horizon }, cancellation) is not null;

    // A cursor of a service that no longer subscribes holds nothing back; one that has not begun yet holds back everything.
    private async Task<long> TakenByAllAsync(CancellationToken cancellation)
    {
        if (cursors.Count == 0)
        {
            return await Outbox.HeadAsync(store, cancellation);
        }

        var lowest = long.MaxValue;
        foreach (var name in cursors)
        {
            var position = await store.FirstOrDefaultAsync<long?>("select position from bus_cursor where name = @name", new { name }, cancellation);
            lowest = Math.Min(lowest, position ?? 0);
        }

        return lowest;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Cleaning up waits a minute, the database is away: {Reason}")]
    private static partial void LogAway(ILogger logger, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "Cleaning up failed; it is tried again in a minute")]
    private static partial void LogFailed(ILogger logger, Exception error);
}

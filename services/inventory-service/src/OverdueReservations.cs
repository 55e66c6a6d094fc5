using System.Diagnostics.Metrics;
using Argosy.Chassis.Messaging;
using Argosy.Chassis.Store;

namespace Argosy.Inventory;

/// <summary>
/// Raises an alarm for reservations that have waited too long, and nothing else: the order may be confirmed and its parcel simply not
/// collected yet, or its saga may be stuck. Only the saga ends a reservation. Each raises one alarm, over restarts too.
/// </summary>
internal sealed partial class OverdueReservations(
    IStore store, InventoryOptions options, IMeterFactory meters, TimeProvider time, ILogger<OverdueReservations> log) : BackgroundService
{
    private const int Batch = 100;
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan ShortestPause = TimeSpan.FromSeconds(1);

    private readonly Counter<long> _overdue = meters.Create("Argosy.Inventory")
        .CreateCounter<long>("argosy.inventory.reservations.overdue", "{order}", "Orders whose reservation has become overdue.");

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var pause = TimeSpan.FromTicks(Math.Clamp(options.OverdueAfter.Ticks / 10, ShortestPause.Ticks, LongestPause.Ticks));
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                while (await AlarmAsync(stoppingToken))
                {
                    // A full batch: there may be more.
                }
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                LogFailed(log, e);
            }

            await Task.Delay(pause, time, stoppingToken);
        }
    }

    /// <summary>Raises the alarm for one batch of orders; true where it was full.</summary>
    internal async Task<bool> AlarmAsync(CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        var orders = await store.QueryAsync<string>(
            "select order_id from reservation where state = 'reserved' and alarmed is null and since < @before group by order_id order by min(since) limit @limit",
            new { before = (now - options.OverdueAfter).ToUnixTimeMilliseconds(), limit = (long)Batch }, cancellation);
        if (orders.Count == 0)
        {
            return false;
        }

        var work = new WriteSet(new MessageContext("overdue-reservations", "inventory-service", new MessageHeaders()), now);
        foreach (var order in orders)
        {
            work.Require("select 1 from reservation where order_id = @order and state = 'reserved' and alarmed is null", new { order });
            work.Execute("update reservation set alarmed = @now where order_id = @order and state = 'reserved'", new { now = work.NowMilliseconds, order });
        }

        var outcome = await store.CommitAsync(work, cancellation);
        if (outcome.Result == CommitResult.Conflict)
        {
            return true;    // another instance raised some of them, or their sagas moved on: look again
        }

        outcome.Ensure();
        _overdue.Add(orders.Count);
        LogOverdue(log, orders.Count, options.OverdueAfter.TotalMinutes, orders[0]);
        return orders.Count == Batch;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Orders} orders have held their reservation for more than {Minutes:0.##} minutes, the longest of them {OrderId}")]
    private static partial void LogOverdue(ILogger logger, int orders, double minutes, string orderId);

    [LoggerMessage(Level = LogLevel.Error, Message = "Looking for overdue reservations failed; it is tried again")]
    private static partial void LogFailed(ILogger logger, Exception error);
}

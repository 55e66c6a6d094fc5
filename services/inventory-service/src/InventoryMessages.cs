using Argosy.Chassis.Store;
using Argosy.Contracts.Inventory.V1;
using Argosy.Contracts.Order.V1;

namespace Argosy.Inventory;

/// <summary>
/// What we do when others speak. Messages of one order come one after another (its id is their key); orders compete for stock only
/// in the guarded statements below: who comes too late meets a conflict, decides again on fresh reads, and is told so.
/// </summary>
internal sealed partial class InventoryMessages(IStore store, Items items, ILogger<InventoryMessages> log)
{
    public async Task Handle(ReserveStock message, WriteSet work, CancellationToken cancellation)
    {
        switch (await HeldAsync(message.OrderId, cancellation))
        {
            case []:
                await ReserveAsync(message, work, cancellation);
                break;
            case [{ State: Reservation.Released }, ..]:
                // The order was undone. Reserving again would hold stock that nobody ever gives back.
                work.Publish(new StockRejected { OrderId = message.OrderId, Reason = "The reservation of this order has been released." });
                break;
            default:
                // The command came again under another id: the answer is what the books say.
                work.Publish(new StockReserved { OrderId = message.OrderId });
                break;
        }
    }

    public async Task Handle(ReleaseStock message, WriteSet work, CancellationToken cancellation)
    {
        var held = await HeldAsync(message.OrderId, cancellation);
        foreach (var line in held.Where(line => line.State == Reservation.Reserved))
        {
            Move(message.OrderId, line, Reservation.Released,
                "update stock set reserved = reserved - @quantity, available = available + @quantity where sku = @sku and reserved >= @quantity", work);
        }

        if (held.Any(line => line.State == Reservation.Sold))
        {
            // The saga never asks this: a parcel that has left refuses CancelShipment, and nothing else is undone. Only an operator
            // who forces an undo gets here. The goods are out of the house, so they stay sold; what comes back one day is put in
            // by an administrator. The answer is true all the same: nothing is reserved for the order any more.
            LogSold(log, message.OrderId);
        }

        // Nothing there to release is no failure: the undo may have overtaken what it undoes (the "empty rollback").
        work.Publish(new StockReleased { OrderId = message.OrderId });
    }

    public async Task Handle(OrderShipped message, WriteSet work, CancellationToken cancellation)
    {
        var held = await HeldAsync(message.OrderId, cancellation);
        foreach (var line in held.Where(line => line.State == Reservation.Reserved))
        {
            Move(message.OrderId, line, Reservation.Sold,
                "update stock set reserved = reserved - @quantity, sold = sold + @quantity where sku = @sku and reserved >= @quantity", work);
        }

        if (held.Count == 0 || held.Any(line => line.State == Reservation.Released))
        {
            LogUnreserved(log, message.OrderId);
        }
    }

    private async Task ReserveAsync(ReserveStock message, WriteSet work, CancellationToken cancellation)
    {
        var wanted = Reservation.LinesOf(message.Lines);
        if (Reservation.FirstShortage(wanted, await ShelfAsync(wanted, cancellation)) is { } shortage)
        {
            // No is an answer that must still be true when it is given.
            work.Require(
                "select 1 where not exists (select 1 from stock where sku = @sku and available >= @quantity)", new { sku = shortage.Sku, quantity = shortage.Quantity });
            work.Publish(new StockRejected { OrderId = message.OrderId, Sku = shortage.Sku, Reason = shortage.Reason });
            return;
        }

        foreach (var line in wanted)
        {
            work.Execute("update stock set available = available - @quantity, reserved = reserved + @quantity where sku = @sku and available >= @quantity",
                new { quantity = line.Quantity, sku = line.Sku }, rows: 1);
            work.Execute(
                """
                insert into reservation (order_id, sku, quantity, state, since) values (@order, @sku, @quantity, 'reserved', @now)
                on conflict (order_id, sku) do nothing
                """,
                new { order = message.OrderId, sku = line.Sku, quantity = line.Quantity, now = work.NowMilliseconds }, rows: 1);
            items.Changed(work, line.Sku);
        }

        work.Publish(new StockReserved { OrderId = message.OrderId });
    }

    private void Move(string order, HeldLine line, string to, string books, WriteSet work)
    {
        work.Execute("update reservation set state = @to, since = @now where order_id = @order and sku = @sku and state = 'reserved'",
            new { to, now = work.NowMilliseconds, order, sku = line.Sku }, rows: 1);
        work.Execute(books, new { quantity = line.Quantity, sku = line.Sku }, rows: 1);
        items.Changed(work, line.Sku);
    }

    // All lines of an order change together, so any of them tells the state.
    private Task<IReadOnlyList<HeldLine>> HeldAsync(string order, CancellationToken cancellation) => store.QueryAsync<HeldLine>(
        "select sku as Sku, quantity as Quantity, state as State from reservation where order_id = @order order by sku", new { order }, cancellation);

    private async Task<Dictionary<string, OnShelf>> ShelfAsync(IReadOnlyList<Wanted> wanted, CancellationToken cancellation)
    {
        var shelf = new Dictionary<string, OnShelf>(wanted.Count, StringComparer.Ordinal);
        foreach (var line in wanted)
        {
            if (await store.FirstOrDefaultAsync<OnShelf>(
                "select i.sku as Sku, i.name as Name, s.available as Available from item i join stock s on s.sku = i.sku where i.sku = @sku",
                new { sku = line.Sku }, cancellation) is { } item)
            {
                shelf.Add(item.Sku, item);
            }
        }

        return shelf;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "ReleaseStock for order {OrderId}, whose goods have left: they stay sold")]
    private static partial void LogSold(ILogger logger, string orderId);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Order {OrderId} was shipped, and nothing was reserved for it: the shelf needs counting")]
    private static partial void LogUnreserved(ILogger logger, string orderId);
}

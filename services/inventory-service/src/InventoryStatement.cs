using Argosy.Chassis.Hosting;
using Argosy.Chassis.Hosting.Identity;
using Argosy.Chassis.Store;

namespace Argosy.Inventory;

/// <summary>
/// <c>GET /admin/statement</c> and <c>GET /admin/stock</c>: what this service says of every reservation and of every shelf, for whoever
/// holds it against what others say.
/// </summary>
internal static class InventoryStatement
{
    public static void MapStatement(this WebApplication app)
    {
        var admin = app.MapGroup("/admin").RequireAdmin();
        admin.MapGet("/statement", ListAsync)
            .WithSummary("Say what every order holds, or held").Answers<Page<StatedReservation>>(200, "A page, by the orders' ids.");
        admin.MapGet("/stock", StockAsync)
            .WithSummary("Say where every piece is").Answers<Page<StatedStock>>(200, "A page, by SKU.");
    }

    private static async Task<IResult> ListAsync(Paging paging, IStore store, CancellationToken cancellation)
    {
        var rows = await store.QueryAsync<Row>(
            """
            select r.order_id as OrderId, r.sku as Sku, r.quantity as Quantity, r.state as State from reservation r
            join (select order_id from reservation where order_id > @after group by order_id order by order_id limit @limit) o on o.order_id = r.order_id
            order by r.order_id, r.sku
            """,
            new { after = paging.After ?? "", limit = (long)paging.Take }, cancellation);
        var stated = rows.GroupBy(row => row.OrderId, StringComparer.Ordinal)
            .Select(order => new StatedReservation(order.Key, [.. order.Select(line => new StatedLine(line.Sku, line.Quantity, line.State))])).ToList();
        return TypedResults.Ok(paging.Of(stated, order => order.OrderId, order => order));
    }

    private static async Task<IResult> StockAsync(Paging paging, IStore store, CancellationToken cancellation)
    {
        // One statement: shelf and reservations as they were at one instant, however fast the item sells.
        var rows = await store.QueryAsync<ShelfRow>(
            """
            with page as (select sku, put_in, available, reserved, sold from stock where sku > @after order by sku limit @limit),
                 orders as (select sku, cast(sum(case when state = 'reserved' then quantity else 0 end) as bigint) as held,
                                   cast(sum(case when state = 'sold' then quantity else 0 end) as bigint) as bought
                            from reservation where sku in (select sku from page) group by sku)
            select p.sku as Sku, p.put_in as PutIn, p.available as Available, p.reserved as Reserved, p.sold as Sold, coalesce(o.held, 0) as Held, coalesce(o.bought, 0) as Bought
            from page p left join orders o on o.sku = p.sku order by p.sku
            """,
            new { after = paging.After ?? "", limit = (long)paging.Take }, cancellation);
        return TypedResults.Ok(paging.Of(rows, row => row.Sku, row => new StatedStock(row.Sku, row.PutIn, row.Available, row.Reserved, row.Sold, row.Held, row.Bought)));
    }

    private sealed record Row(string OrderId, string Sku, long Quantity, string State);

    // No record: where there is no row, SQLite doesn't know of what type a computed column is, and no constructor would fit.
    private sealed class ShelfRow
    {
        public string Sku { get; set; } = "";

        public long PutIn { get; set; }

        public long Available { get; set; }

        public long Reserved { get; set; }

        public long Sold { get; set; }

        public long Held { get; set; }

        public long Bought { get; set; }
    }
}

internal sealed record StatedReservation(string OrderId, IReadOnlyList<StatedLine> Lines) : IExample<StatedReservation>
{
    public static StatedReservation Example { get; } = new("0195946a-4b2c-7d31-9f3e-6a1f0c5d2e77", [new StatedLine("TEA-SENCHA", 2, Reservation.Reserved)]);
}

internal sealed record StatedLine(string Sku, long Quantity, string State);

/// <param name="Sku">Which item.</param>
/// <param name="PutIn">How many pieces of it were ever put on the shelf.</param>
/// <param name="Available">How many of those can be ordered, by the shelf.</param>
/// <param name="Reserved">How many are reserved, by the shelf.</param>
/// <param name="Sold">How many are sold, by the shelf.</param>
/// <param name="Held">How many orders hold, by their reservations.</param>
/// <param name="Bought">How many orders bought, by their reservations.</param>
internal sealed record StatedStock(string Sku, long PutIn, long Available, long Reserved, long Sold, long Held, long Bought) : IExample<StatedStock>
{
    public static StatedStock Example { get; } = new("TEA-SENCHA", 12, 7, 2, 3, 2, 3);
}

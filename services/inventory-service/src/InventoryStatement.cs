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
        var rows = await store.QueryAsync<StatedStock>(
            "select sku as Sku, put_in as PutIn, available as Available, reserved as Reserved, sold as Sold from stock where sku > @after order by sku limit @limit",
            new { after = paging.After ?? "", limit = (long)paging.Take }, cancellation);
        return TypedResults.Ok(paging.Of(rows, row => row.Sku, row => row));
    }

    private sealed record Row(string OrderId, string Sku, long Quantity, string State);
}

internal sealed record StatedReservation(string OrderId, IReadOnlyList<StatedLine> Lines) : IExample<StatedReservation>
{
    public static StatedReservation Example { get; } = new("0195946a-4b2c-7d31-9f3e-6a1f0c5d2e77", [new StatedLine("TEA-SENCHA", 2, Reservation.Reserved)]);
}

internal sealed record StatedLine(string Sku, long Quantity, string State);

internal sealed record StatedStock(string Sku, long PutIn, long Available, long Reserved, long Sold) : IExample<StatedStock>
{
    public static StatedStock Example { get; } = new("TEA-SENCHA", 12, 7, 2, 3);
}

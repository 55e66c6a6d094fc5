using Argosy.Chassis.Hosting;
using Argosy.Chassis.Hosting.Identity;
using Argosy.Chassis.Store;

namespace Argosy.Shipping;

/// <summary><c>GET /admin/statement</c>: what this service says of every shipment, for whoever holds it against what others say.</summary>
internal static class ShipmentStatement
{
    public static void MapStatement(this WebApplication app) => app.MapGroup("/admin").RequireAdmin().MapGet("/statement", ListAsync)
        .WithSummary("Say how every shipment stands").Answers<Page<StatedShipment>>(200, "A page, by the orders' ids.");

    private static async Task<IResult> ListAsync(Paging paging, IStore store, CancellationToken cancellation)
    {
        var rows = await store.QueryAsync<StatedShipment>(
            "select id as Id, order_id as OrderId, status as Status from shipment where order_id > @after order by order_id limit @limit",
            new { after = paging.After ?? "", limit = (long)paging.Take }, cancellation);
        return TypedResults.Ok(paging.Of(rows, row => row.OrderId, row => row));
    }
}

internal sealed record StatedShipment(string Id, string OrderId, string Status) : IExample<StatedShipment>
{
    public static StatedShipment Example { get; } = new("0195946b-1f02-7a44-8c0d-2f9e1b7a6d35", "0195946a-4b2c-7d31-9f3e-6a1f0c5d2e77", ShipmentStatus.Arranged);
}

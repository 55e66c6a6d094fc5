using Argosy.Chassis;
using Argosy.Chassis.Hosting;
using Argosy.Chassis.Hosting.Identity;
using Argosy.Chassis.Store;
using Argosy.Contracts.Shipping.V1;

namespace Argosy.Shipping;

internal static class ShipmentApi
{
    private static readonly Problem Unknown = Problem.NotFound("shipment.unknown", "There is no such shipment.");

    public static void MapShipments(this WebApplication app)
    {
        var shipments = app.MapGroup("/api/v1/shipments");
        shipments.MapGet("/", OfOrderAsync)
            .WithSummary("Find the shipment of an order").Answers<Page<ShipmentView>>(200, "The shipment, or none.");
        shipments.MapGet("/{id}", FindAsync)
            .WithSummary("Read a shipment").Answers<ShipmentView>(200, "The shipment.");
        shipments.MapPost("/{id}/dispatch", DispatchAsync).RequireAdmin().Writes()
            .WithSummary("Say that a shipment has left").Answers<ShipmentView>(200, "The shipment.");
    }

    private static async Task<IResult> FindAsync(string id, Caller caller, Shipments shipments, CancellationToken cancellation) =>
        await shipments.FindAsync(id, cancellation) is { } shipment && caller.MaySee(shipment.Customer)
            ? TypedResults.Ok(shipment.ToView())
            : Unknown.ToResult();

    // An order has one shipment or none. That of somebody else is none.
    private static async Task<IResult> OfOrderAsync(string orderId, Caller caller, Shipments shipments, CancellationToken cancellation) =>
        await shipments.OfOrderAsync(orderId, cancellation) is { } shipment && caller.MaySee(shipment.Customer)
            ? TypedResults.Ok(new Page<ShipmentView>([shipment.ToView()], null))
            : TypedResults.Ok(new Page<ShipmentView>([], null));

    internal static async Task<IResult> DispatchAsync(string id, Shipments shipments, WriteSet work, CancellationToken cancellation)
    {
        if (await shipments.FindAsync(id, cancellation) is not { } shipment)
        {
            return Unknown.ToResult();
        }

        if (shipment.WhyNotDispatch() is { } refusal)
        {
            return refusal.ToResult();
        }

        if (shipment.Status == ShipmentStatus.Arranged)
        {
            Shipments.Move(work, shipment, ShipmentStatus.Dispatched);
            work.Publish(new ShipmentDispatched { OrderId = shipment.OrderId, ShipmentId = shipment.Id, TrackingNumber = shipment.Tracking });
        }

        return TypedResults.Ok(shipment.ToView() with { Status = ShipmentStatus.Dispatched });
    }
}

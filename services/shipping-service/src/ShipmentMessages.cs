using Argosy.Chassis.Store;
using Argosy.Contracts.Shipping.V1;

namespace Argosy.Shipping;

/// <summary>
/// What we do when others speak. A command may come again under another id, and a parcel may leave while its cancellation is being
/// decided: the row's status has the last word on both.
/// </summary>
internal sealed class ShipmentMessages(Shipments shipments, ShippingOptions options)
{
    public async Task Handle(ArrangeShipment message, WriteSet work, CancellationToken cancellation)
    {
        switch (await shipments.OfOrderAsync(message.OrderId, cancellation))
        {
            case null:
                Arrange(message, work);
                break;
            case { Status: ShipmentStatus.Refused } refused:
                work.Publish(new ShipmentRefused { OrderId = message.OrderId, Reason = refused.Reason });
                break;
            case { Status: ShipmentStatus.Cancelled }:
                // The order was undone: a parcel arranged now would be one that nobody paid for.
                work.Publish(new ShipmentRefused { OrderId = message.OrderId, Reason = "The shipment of this order was cancelled." });
                break;
            case var arranged:
                work.Publish(new ShipmentArranged { OrderId = message.OrderId, ShipmentId = arranged.Id, TrackingNumber = arranged.Tracking });
                break;
        }
    }

    public async Task Handle(CancelShipment message, WriteSet work, CancellationToken cancellation)
    {
        var shipment = await shipments.OfOrderAsync(message.OrderId, cancellation);
        if (shipment is { Status: ShipmentStatus.Dispatched })
        {
            work.Publish(new ShipmentCancelRefused { OrderId = message.OrderId, Reason = "The parcel has left and cannot be called back." });
            return;
        }

        if (shipment is { Status: ShipmentStatus.Arranged })
        {
            Shipments.Move(work, shipment, ShipmentStatus.Cancelled);
        }

        // Nothing there, or nothing that will leave: that is what was asked for.
        work.Publish(new ShipmentCancelled { OrderId = message.OrderId });
    }

    private void Arrange(ArrangeShipment message, WriteSet work)
    {
        var address = message.Address ?? throw new ArgumentException("A parcel goes to an address.", nameof(message));
        var refusal = options.WhyNotTo(address.Country);
        var (id, tracking) = (Shipment.IdOf(message.OrderId), refusal is null ? TrackingNumber.Of(message.OrderId) : null);
        Insert(message, id, tracking, refusal, work);
        if (refusal is not null)
        {
            work.Publish(new ShipmentRefused { OrderId = message.OrderId, Reason = refusal });
            return;
        }

        work.Publish(new ShipmentArranged { OrderId = message.OrderId, ShipmentId = id, TrackingNumber = tracking });
    }

    private static void Insert(ArrangeShipment message, string id, string? tracking, string? refusal, WriteSet work) => work.Execute(
        """
        insert into shipment (id, order_id, customer, status, tracking, reason, name, street, city, postal_code, country, created, updated)
        values (@id, @order, @customer, @status, @tracking, @reason, @name, @street, @city, @postalCode, @country, @now, @now)
        on conflict do nothing
        """,
        new
        {
            id,
            order = message.OrderId,
            customer = message.CustomerId,
            status = refusal is null ? ShipmentStatus.Arranged : ShipmentStatus.Refused,
            tracking,
            reason = refusal,
            name = message.Address.Name,
            street = message.Address.Street,
            city = message.Address.City,
            postalCode = message.Address.PostalCode,
            country = message.Address.Country,
            now = work.NowMilliseconds,
        }, rows: 1);
}

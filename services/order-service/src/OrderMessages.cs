using Argosy.Chassis.EventStore;
using Argosy.Chassis.Store;
using Argosy.Contracts.Inventory.V1;
using Argosy.Contracts.Shipping.V1;
using Said = Argosy.Contracts.Order.V1;

namespace Argosy.Orders;

/// <summary>What we do when others speak. The replies of the checkout go to its saga.</summary>
internal sealed class OrderMessages(IStore store)
{
    public Task Handle(ItemPriced message, WriteSet work, CancellationToken cancellation)
    {
        OrderPrices.Remember(work, message);
        return Task.CompletedTask;
    }

    public async Task Handle(ShipmentDispatched message, WriteSet work, CancellationToken cancellation)
    {
        var (order, version) = await store.LoadAsync(Order.Stream, message.OrderId, cancellation);
        var decision = order.Ship(message.TrackingNumber, work.Now);
        work.Append(Order.Stream, message.OrderId, version, decision.Events);
        if (decision.Events.Count > 0)
        {
            work.Publish(new Said.OrderShipped { OrderId = message.OrderId, CustomerId = order.Customer, TrackingNumber = message.TrackingNumber });
        }
    }
}

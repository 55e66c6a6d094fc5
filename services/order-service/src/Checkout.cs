using Argosy.Chassis;
using Argosy.Chassis.EventStore;
using Argosy.Chassis.Sagas;
using Argosy.Chassis.Store;
using Argosy.Contracts.Inventory.V1;
using Argosy.Contracts.Payment.V1;
using Argosy.Contracts.Shipping.V1;
using Said = Argosy.Contracts.Order.V1;
using Wire = Argosy.Contracts.Common.V1;

namespace Argosy.Orders;

/// <summary>What the checkout's commands are made from.</summary>
internal sealed record CheckoutState(
    string OrderId, string Customer, IReadOnlyList<OrderLine> Lines, Money Total, Address ShippingAddress, string PaymentToken, string TrackingNumber = "");

/// <summary>Reserve, pay, ship; a refusal, a timeout or a cancellation takes the same road back.</summary>
internal static class Checkout
{
    // A reply is a matter of milliseconds. These are how long a participant may be away before the order is given up.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan PaymentPatience = TimeSpan.FromMinutes(5);

    public static Saga<CheckoutState> Saga { get; } = new Saga<CheckoutState>("checkout")
        .Step("reserve stock")
            .Do(o => new ReserveStock { OrderId = o.OrderId, Lines = { o.Lines.Select(ToWire) } })
                .Succeeds<StockReserved>().Fails<StockRejected>(m => m.Reason).Within(Patience)
            .Undo(o => new ReleaseStock { OrderId = o.OrderId })
                .Until<StockReleased>().Within(Patience)
        .Step("capture payment")
            .Do(o => new CapturePayment { OrderId = o.OrderId, CustomerId = o.Customer, Amount = ToWire(o.Total), PaymentToken = o.PaymentToken })
                .Succeeds<PaymentCaptured>().Fails<PaymentDeclined>(m => $"The payment was declined: {m.Reason}.").Within(PaymentPatience)
            .Undo((o, reason) => new RefundPayment { OrderId = o.OrderId, Reason = reason })
                .Until<PaymentRefunded>().Within(PaymentPatience)
        .Step("arrange shipment")
            .Do(o => new ArrangeShipment { OrderId = o.OrderId, CustomerId = o.Customer, Address = ToWire(o.ShippingAddress), Lines = { o.Lines.Select(ToWire) } })
                .Succeeds<ShipmentArranged>((o, m) => o with { TrackingNumber = m.TrackingNumber }).Fails<ShipmentRefused>(m => m.Reason).Within(Patience)
            .Undo((o, reason) => new CancelShipment { OrderId = o.OrderId, Reason = reason })
                .Until<ShipmentCancelled>().RefusedBy<ShipmentCancelRefused>(m => m.Reason).Within(Patience)
        .Completed(ConfirmAsync)
        .Compensated(CancelAsync)
        .UndoRefused(KeepAsync);

    private static async Task ConfirmAsync(CheckoutState o, WriteSet work, IStore store, CancellationToken cancellation)
    {
        var (order, version) = await store.LoadAsync(Order.Stream, o.OrderId, cancellation);
        if (Append(work, o.OrderId, version, order.Confirm(o.TrackingNumber, work.Now)))
        {
            work.Publish(new Said.OrderConfirmed { OrderId = o.OrderId, CustomerId = o.Customer, Total = ToWire(o.Total), TrackingNumber = o.TrackingNumber });
        }
    }

    private static async Task CancelAsync(CheckoutState o, string reason, WriteSet work, IStore store, CancellationToken cancellation)
    {
        var (order, version) = await store.LoadAsync(Order.Stream, o.OrderId, cancellation);
        if (Append(work, o.OrderId, version, order.FinishCancel(order.Reason ?? reason, work.Now)))
        {
            work.Publish(new Said.OrderCancelled { OrderId = o.OrderId, CustomerId = o.Customer, Reason = order.Reason ?? reason });
        }
    }

    private static async Task KeepAsync(CheckoutState o, string reason, WriteSet work, IStore store, CancellationToken cancellation)
    {
        var (order, version) = await store.LoadAsync(Order.Stream, o.OrderId, cancellation);
        Append(work, o.OrderId, version, order.RefuseCancel(o.TrackingNumber, reason, work.Now));
    }

    // Decisions about what is already so are nothing, never problems: the saga's word comes after the order's own rules.
    private static bool Append(WriteSet work, string id, long version, Decision<OrderEvent> decision)
    {
        work.Append(Order.Stream, id, version, decision.Events);
        return decision.Events.Count > 0;
    }

    public static Wire.Money ToWire(Money money) => new() { Amount = money.Amount, Currency = money.Currency };

    public static Wire.Line ToWire(OrderLine line) => new() { Sku = line.Sku, Quantity = line.Quantity };

    private static Wire.Address ToWire(Address address) => new()
    {
        Name = address.Name,
        Street = address.Street,
        City = address.City,
        PostalCode = address.PostalCode,
        Country = address.Country,
    };
}

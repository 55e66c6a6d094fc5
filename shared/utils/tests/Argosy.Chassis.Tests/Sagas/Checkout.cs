using Argosy.Chassis.Sagas;
using Argosy.Chassis.Store;
using Argosy.Contracts.Inventory.V1;
using Argosy.Contracts.Payment.V1;
using Argosy.Contracts.Shipping.V1;

namespace Argosy.Chassis.Tests.Sagas;

/// <summary>What the tests' orders are made of.</summary>
internal sealed record CheckoutState(string OrderId, string? PaymentId = null, string? TrackingNumber = null);

/// <summary>The checkout as order-service has it, with callbacks that only leave a trace in the database.</summary>
internal static class Checkout
{
    public const string OrderId = "0198c0de-0000-7000-8000-000000000001";

    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public static Saga<CheckoutState> Saga(string type = "checkout") => new Saga<CheckoutState>(type).UndoAttempts(3)
        .Step("reserve stock")
            .Do(o => new ReserveStock { OrderId = o.OrderId })
            .Succeeds<StockReserved>().Fails<StockRejected>(m => m.Reason).Within(Patience)
            .Undo(o => new ReleaseStock { OrderId = o.OrderId }).Until<StockReleased>().Within(Patience)
        .Step("capture payment")
            .Do(o => new CapturePayment { OrderId = o.OrderId })
            .Succeeds<PaymentCaptured>((o, m) => o with { PaymentId = m.PaymentId }).Fails<PaymentDeclined>(m => m.Reason).Within(Patience)
            .Undo((o, reason) => new RefundPayment { OrderId = o.OrderId, Reason = reason })
            .Until<PaymentRefunded>().RefusedBy<PaymentDeclined>(m => m.Reason).Within(Patience)
        .Step("arrange shipment")
            .Do(o => new ArrangeShipment { OrderId = o.OrderId })
            .Succeeds<ShipmentArranged>((o, m) => o with { TrackingNumber = m.TrackingNumber })
            .Fails<ShipmentRefused>(m => m.Reason).Within(Patience)
            .Undo((o, reason) => new CancelShipment { OrderId = o.OrderId, Reason = reason })
            .Until<ShipmentCancelled>().RefusedBy<ShipmentCancelRefused>(m => m.Reason).Within(Patience)
        .Completed((o, work) => Tell(o, $"completed {o.TrackingNumber}", work))
        .Compensated((o, reason, work) => Tell(o, $"compensated: {reason}", work))
        .UndoRefused((o, reason, work) => Tell(o, $"stands {o.TrackingNumber}: {reason}", work))
        .Stuck((o, reason, work) => Tell(o, $"stuck: {reason}", work));

    private static void Tell(CheckoutState o, string what, WriteSet work) =>
        work.Execute("insert into told (ord, subject, what) select coalesce(max(ord), 0) + 1, @subject, @what from told", new { subject = o.OrderId, what });
}

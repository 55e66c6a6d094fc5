using Argosy.Chassis;
using Argosy.Contracts.Payment.V1;
using Google.Protobuf;
using Wire = Argosy.Contracts.Common.V1;

namespace Argosy.Payments;

/// <summary>What we say of a payment, from its state alone: a repeated command gets the same reply again.</summary>
internal static class PaymentReplies
{
    /// <summary>The reply to CapturePayment once it is decided.</summary>
    public static IMessage ToCapture(string id, Payment payment) => payment.WasCaptured
        ? new PaymentCaptured { OrderId = payment.OrderId, PaymentId = id, Amount = ToWire(payment.Amount) }
        : Declined(payment.OrderId, id, payment.Reason ?? "cancelled");

    /// <summary>The reply to RefundPayment once nothing is held any more.</summary>
    public static IMessage ToReturn(string orderId, string id, Payment payment) => new PaymentRefunded
    {
        OrderId = orderId,
        PaymentId = id,
        // An order whose payment was never heard of has no currency either.
        Amount = payment.WasCaptured ? ToWire(new Money(payment.Refunded, payment.Amount.Currency)) : new Wire.Money { Amount = 0 },
    };

    public static IMessage Declined(string orderId, string id, string reason) => new PaymentDeclined { OrderId = orderId, PaymentId = id, Reason = reason };

    public static Money FromWire(Wire.Money? money) => money is null ? throw new FormatException("The command names no amount.") : new Money(money.Amount, money.Currency);

    private static Wire.Money ToWire(Money money) => new() { Amount = money.Amount, Currency = money.Currency };
}

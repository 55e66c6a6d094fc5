using Argosy.Chassis;
using Argosy.Chassis.Hosting;

namespace Argosy.Payments;

/// <param name="Amount">Part of the payment; without one, all that is left.</param>
internal sealed record RefundRequest(Money? Amount = null, string? Reason = null) : IExample<RefundRequest>
{
    public static RefundRequest Example { get; } = new(new Money(990, "EUR"), "It came broken.");
}

internal sealed record PaymentView(string Id, string OrderId, PaymentStatus Status, Money Amount, Money Refunded, string? Reason) : IExample<PaymentView>
{
    public static PaymentView Example { get; } = new(
        "0195946a-4d70-7e19-a5c2-7b0f6d3e8c14", "0195946a-4b2c-7d31-9f3e-6a1f0c5d2e77", PaymentStatus.Captured, new Money(1980, "EUR"), new Money(0, "EUR"), null);

    public static PaymentView Of(string id, Payment payment) => new(
        id, payment.OrderId, payment.Status, payment.Amount, new Money(payment.Refunded, payment.Amount.Currency), payment.Reason ?? payment.ReturnReason);
}

internal sealed record RefundView(string Id, string PaymentId, Money Amount, RefundStatus Status, string Reason, string? Refusal, DateTimeOffset At) : IExample<RefundView>
{
    public static RefundView Example { get; } = new(
        "0195946b-90aa-7c3d-bd21-4e8f2a6c5b90", PaymentView.Example.Id, new Money(990, "EUR"), RefundStatus.Pending, "It came broken.", null, new DateTimeOffset(2026, 3, 15, 8, 0, 0, TimeSpan.Zero));

    public static RefundView Of(string paymentId, Payment payment, Refund refund) => new(
        refund.Id, paymentId, new Money(refund.Amount, payment.Amount.Currency), refund.Status, refund.Reason, refund.Refusal, refund.At);
}

internal sealed record Listed<T>(IReadOnlyList<T> Items) : IExample<Listed<T>>
    where T : IExample<T>
{
    public static Listed<T> Example { get; } = new([T.Example]);
}

using System.Collections.Immutable;
using Argosy.Chassis;
using Argosy.Chassis.EventStore;

namespace Argosy.Payments;

internal enum PaymentStatus
{
    Unknown,
    Pending,
    Captured,
    Declined,
    Refunding,
    Refunded,
    Cancelled,
}

internal enum RefundStatus
{
    Pending,
    Done,
    Refused,
}

/// <summary>Money on its way back, or back already. <see cref="By"/> is an administrator, or <see cref="Payment.Saga"/>.</summary>
internal sealed record Refund(string Id, long Amount, string By, string Reason, RefundStatus Status, DateTimeOffset At, string? Refusal = null);

/// <summary>
/// A payment and its rules: what happened makes the state, the state and a wish make a decision. No I/O, no clock. What is true of
/// money is what the provider says; <see cref="ProviderRules"/> has the rules for hearing it.
/// </summary>
internal sealed record Payment
{
    /// <summary>Who asks for the refunds of the saga.</summary>
    public const string Saga = "saga";

    public static Payment None { get; } = new();

    public static StreamType<Payment, PaymentEvent> Stream { get; } = new StreamType<Payment, PaymentEvent>("payment", None, (payment, happened) => payment.Evolve(happened))
        .Event<CaptureStarted>("payment.capture-started")
        .Event<IntentCreated>("payment.intent-created")
        .Event<Captured>("payment.captured")
        .Event<Declined>("payment.declined")
        .Event<ReturnRequested>("payment.return-requested")
        .Event<Cancelled>("payment.cancelled")
        .Event<Voided>("payment.voided")
        .Event<RefundStarted>("payment.refund-started")
        .Event<RefundDone>("payment.refund-done")
        .Event<RefundRefused>("payment.refund-refused");

    public string OrderId { get; private init; } = "";

    public string Customer { get; private init; } = "";

    public Money Amount { get; private init; }

    public string Token { get; private init; } = "";

    public string ProviderKey { get; private init; } = "";

    public string? IntentId { get; private init; }

    public string? Reason { get; private init; }

    /// <summary>Why nothing of the order's money may stay with us; null while it may.</summary>
    public string? ReturnReason { get; private init; }

    public ImmutableList<Refund> Refunds { get; private init; } = [];

    public PaymentStatus Status => Phase switch
    {
        PaymentStatus.Captured when Refunds.Any(r => r.Status == RefundStatus.Pending) => PaymentStatus.Refunding,
        PaymentStatus.Captured when Refunded == Amount.Amount => PaymentStatus.Refunded,
        var phase => phase,
    };

    /// <summary>What the provider gave back.</summary>
    public long Refunded => Refunds.Where(r => r.Status == RefundStatus.Done).Sum(r => r.Amount);

    /// <summary>What could still be asked back: what is taken, less what is back or on its way.</summary>
    public long Left => WasCaptured ? Amount.Amount - Refunds.Where(r => r.Status != RefundStatus.Refused).Sum(r => r.Amount) : 0;

    public bool WasCaptured => Phase == PaymentStatus.Captured;

    public bool IsReturning => ReturnReason is not null;

    /// <summary>Nothing of the order's money is held, by the provider's word, and nothing will be taken.</summary>
    public bool IsReturned => Phase is PaymentStatus.Declined or PaymentStatus.Cancelled || (WasCaptured && Refunded == Amount.Amount);

    /// <summary>The first refund that the provider has not settled.</summary>
    public Refund? PendingRefund => Refunds.Find(r => r.Status == RefundStatus.Pending);

    // Refunds aside: whether the money was taken.
    private PaymentStatus Phase { get; init; }

    /// <summary>One payment an order, so its identity is the order's.</summary>
    public static string IdOf(string orderId) => Ids.From($"payment-of/{orderId}");

    public Payment Evolve(PaymentEvent happened) => happened switch
    {
        CaptureStarted e => new Payment
        {
            Phase = PaymentStatus.Pending,
            OrderId = e.OrderId,
            Customer = e.Customer,
            Amount = e.Amount,
            Token = e.Token,
            ProviderKey = e.ProviderKey,
        },
        Voided e => new Payment { Phase = PaymentStatus.Cancelled, OrderId = e.OrderId, Reason = e.Reason, ReturnReason = e.Reason },
        IntentCreated e => this with { IntentId = e.IntentId },
        Captured => this with { Phase = PaymentStatus.Captured },
        Declined e => this with { Phase = PaymentStatus.Declined, Reason = e.Reason },
        ReturnRequested e => this with { ReturnReason = e.Reason },
        Cancelled => this with { Phase = PaymentStatus.Cancelled, Reason = ReturnReason },
        RefundStarted e => this with { Refunds = Refunds.Add(new Refund(e.RefundId, e.Amount, e.By, e.Reason, RefundStatus.Pending, e.At)) },
        RefundDone e => Settle(e.RefundId, RefundStatus.Done),
        RefundRefused e => Settle(e.RefundId, RefundStatus.Refused, e.Reason),
        _ => this,
    };

    /// <summary>Take the order's money. A repeat is nothing; another amount for the same order is refused.</summary>
    public Decision<PaymentEvent> Capture(string orderId, string customer, Money amount, string token, DateTimeOffset now)
    {
        if (Phase == PaymentStatus.Unknown)
        {
            return amount.Amount > 0
                ? new CaptureStarted(orderId, customer, amount, token, IdOf(orderId), now)
                : Problem.Unprocessable("invalid_amount", "Only a positive amount can be taken.");
        }

        if (IsReturning)
        {
            return Problem.Conflict("order_undone", "The order is undone; its money is not taken any more.");
        }

        return amount == Amount ? Decision<PaymentEvent>.Nothing : Problem.Conflict("amount_differs", "The order's payment is of another amount.");
    }

    /// <summary>Give back all that was taken for the order, or see to it that nothing is. Never refused.</summary>
    public Decision<PaymentEvent> Return(string orderId, string reason, DateTimeOffset now)
    {
        if (Phase == PaymentStatus.Unknown)
        {
            return new Voided(orderId, reason, now);
        }

        if (IsReturning || Phase is PaymentStatus.Declined or PaymentStatus.Cancelled)
        {
            return Decision<PaymentEvent>.Nothing;
        }

        var requested = new ReturnRequested(reason, now);
        return new List<PaymentEvent>([requested, .. Evolve(requested).ReturnTheRest(now)]);
    }

    /// <summary>An administrator gives back a part, or all that is left where no amount is named.</summary>
    public Decision<PaymentEvent> StartRefund(string refundId, Money? wanted, string by, string reason, DateTimeOffset now)
    {
        if (!WasCaptured)
        {
            return Problem.Conflict("payment.not-captured", "Nothing was taken, so nothing can be given back.");
        }

        if (Refunds.Any(refund => refund.Id == refundId))
        {
            // Its id derives from the Idempotency-Key, and the answer to that is no longer remembered.
            return Problem.Conflict("refund.repeated", "This Idempotency-Key started a refund of this payment before: take a new key for another one.");
        }

        if (wanted is { } asked && asked.Currency != Amount.Currency)
        {
            return Problem.Unprocessable("refund.currency", $"The payment was taken in {Amount.Currency}.");
        }

        var amount = wanted?.Amount ?? Left;
        if (Left == 0 || amount > Left)
        {
            return Problem.Unprocessable("refund.exceeds", $"No more than {Left} {Amount.Currency} (minor units) is left to give back.");
        }

        return amount > 0
            ? new RefundStarted(refundId, amount, by, reason, now)
            : Problem.Unprocessable("refund.amount", "Only a positive amount can be given back.");
    }

    /// <summary>While the order's money is being returned: a refund of whatever is not on its way back yet.</summary>
    internal IReadOnlyList<PaymentEvent> ReturnTheRest(DateTimeOffset now) => IsReturning && Left > 0
        ? [new RefundStarted(Ids.From($"{ProviderKey}/return/{Refunds.Count}"), Left, Saga, ReturnReason!, now)]
        : [];

    private Payment Settle(string refundId, RefundStatus status, string? refusal = null)
    {
        var refund = Refunds.Find(r => r.Id == refundId);
        return refund is null ? this : this with { Refunds = Refunds.Replace(refund, refund with { Status = status, Refusal = refusal }) };
    }
}

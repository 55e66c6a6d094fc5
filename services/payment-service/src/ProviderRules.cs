using Argosy.Chassis;

namespace Argosy.Payments;

/// <summary>What the provider says of an intent.</summary>
/// <param name="PaymentId">The payment that it carries in its metadata: whose money it is.</param>
/// <param name="DeclineCode">Why the last attempt to charge failed.</param>
internal sealed record ProviderIntent(string Id, string Status, long Amount, long Received, string Currency, string? PaymentId, string? DeclineCode);

/// <summary>What the provider says of a refund.</summary>
/// <param name="RefundId">Ours, from its metadata.</param>
internal sealed record ProviderRefund(string Id, string Status, long Amount, string? RefundId);

/// <summary>What is to be done at the provider next.</summary>
internal enum ProviderStep
{
    Nothing,
    Create,
    Confirm,
    Cancel,
    Refund,
}

/// <summary>The provider contradicts what we asked for: a person must look, and until then nothing is settled.</summary>
internal sealed class ProviderContradictionException(string message) : Exception(message);

/// <summary>The rules between a payment and its provider: what to do next, and what an answer means. Pure.</summary>
internal static class ProviderRules
{
    public static ProviderStep Next(this Payment payment) => payment switch
    {
        { Status: PaymentStatus.Pending, IntentId: null } => ProviderStep.Create,    // to be returned as well: only then can it be cancelled
        { Status: PaymentStatus.Pending, IsReturning: true } => ProviderStep.Cancel,
        { Status: PaymentStatus.Pending } => ProviderStep.Confirm,
        { PendingRefund: not null } => ProviderStep.Refund,
        _ => ProviderStep.Nothing,
    };

    /// <summary>What an intent's state means for its payment; nothing where it has not come to an end.</summary>
    /// <exception cref="ProviderContradictionException">It took another amount, or for another payment.</exception>
    public static IReadOnlyList<PaymentEvent> Hear(this Payment payment, ProviderIntent said, DateTimeOffset now)
    {
        if (payment.Status != PaymentStatus.Pending)
        {
            return [];
        }

        switch (said.Status)
        {
            case "succeeded":
                Match(payment, said);
                var captured = new Captured(now);
                return [captured, .. payment.Evolve(captured).ReturnTheRest(now)];
            case "canceled":
                return payment.IsReturning ? [new Cancelled(now)] : [new Declined("canceled", now)];
            // Nobody else can confirm it: neither another card nor the client secret leaves this service. A payment that is being
            // returned is cancelled all the same.
            case "requires_payment_method" when said.DeclineCode is { } code && !payment.IsReturning:
                return [new Declined(code, now)];
            case "requires_action" when !payment.IsReturning:
                return [new Declined("authentication_required", now)];
            default:
                return [];
        }
    }

    /// <summary>The provider would not even make an intent: nothing was or will be charged.</summary>
    public static IReadOnlyList<PaymentEvent> HearRefusedIntent(this Payment payment, string code, DateTimeOffset now) =>
        payment.IsReturning ? [new Cancelled(now)] : [new Declined(code, now)];

    /// <summary>What a refund's state means; nothing while it is under way.</summary>
    public static IReadOnlyList<PaymentEvent> Hear(this Payment payment, Refund refund, ProviderRefund said, DateTimeOffset now) => said.Status switch
    {
        "succeeded" when said.Amount != refund.Amount => throw new ProviderContradictionException(
            $"Refund {said.Id} gave back {said.Amount}, and {refund.Id} asked for {refund.Amount}."),
        "succeeded" => [new RefundDone(refund.Id, said.Id, now)],
        "failed" or "canceled" => payment.HearRefusedRefund(refund, said.Status, now),
        _ => [],
    };

    /// <summary>
    /// A refund that the provider refuses is over where an administrator wanted it. What an undone order is owed stays owed: it is
    /// tried again under the same key, and its saga tells an operator.
    /// </summary>
    public static IReadOnlyList<PaymentEvent> HearRefusedRefund(this Payment payment, Refund refund, string code, DateTimeOffset now)
    {
        if (refund.By == Payment.Saga)
        {
            return [];
        }

        var refused = new RefundRefused(refund.Id, code, now);
        return [refused, .. payment.Evolve(refused).ReturnTheRest(now)];
    }

    private static void Match(Payment payment, ProviderIntent said)
    {
        var expected = payment.Amount;
        if (said.Received != expected.Amount || !string.Equals(said.Currency, expected.Currency, StringComparison.OrdinalIgnoreCase))
        {
            throw new ProviderContradictionException($"Intent {said.Id} took {said.Received} {said.Currency}, and {expected} was asked for.");
        }

        if (said.PaymentId is { } owner && owner != Payment.IdOf(payment.OrderId))
        {
            throw new ProviderContradictionException($"Intent {said.Id} is of payment {owner}, not of order {payment.OrderId}.");
        }
    }
}

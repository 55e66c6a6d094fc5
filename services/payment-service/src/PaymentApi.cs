using Argosy.Chassis;
using Argosy.Chassis.EventStore;
using Argosy.Chassis.Hosting;
using Argosy.Chassis.Hosting.Identity;
using Argosy.Chassis.Store;

namespace Argosy.Payments;

internal static class PaymentApi
{
    private const int MaxReason = 500;
    private static readonly Problem Unknown = Problem.NotFound("payment.unknown", "There is no such payment.");

    public static void MapPayments(this WebApplication app)
    {
        var payments = app.MapGroup("/api/v1/payments").RefuseRevoked();
        payments.MapGet("/", OfOrderAsync)
            .WithSummary("Find the payment of an order").Answers<Listed<PaymentView>>(200, "The payment, or none.");
        payments.MapGet("/{id}", FindAsync)
            .WithSummary("Read a payment").Answers<PaymentView>(200, "The payment.");
        payments.MapGet("/{id}/refunds", RefundsAsync)
            .WithSummary("List the refunds of a payment").Answers<Listed<RefundView>>(200, "Its refunds, the oldest first.");
        payments.MapPost("/{id}/refunds", RefundAsync).RequireAdmin().Writes(Idempotency.Required)
            .WithSummary("Give money back").Answers<RefundView>(202, "Noted; whether the provider did it, its status will say.");
    }

    private static async Task<IResult> OfOrderAsync(string orderId, Caller caller, IStore store, CancellationToken cancellation)
    {
        var id = Payment.IdOf(orderId);
        return await VisibleAsync(id, caller, store, cancellation) is var (payment, _)
            ? Results.Ok(new Listed<PaymentView>([PaymentView.Of(id, payment)]))
            : Results.Ok(new Listed<PaymentView>([]));     // a search that finds nothing, whoever the order belongs to
    }

    private static async Task<IResult> FindAsync(string id, Caller caller, IStore store, CancellationToken cancellation) =>
        await VisibleAsync(id, caller, store, cancellation) is var (payment, _) ? Results.Ok(PaymentView.Of(id, payment)) : Unknown.ToResult();

    private static async Task<IResult> RefundsAsync(string id, Caller caller, IStore store, CancellationToken cancellation) =>
        await VisibleAsync(id, caller, store, cancellation) is var (payment, _)
            ? Results.Ok(new Listed<RefundView>([.. payment.Refunds.Select(refund => RefundView.Of(id, payment, refund))]))
            : Unknown.ToResult();

    private static async Task<IResult> RefundAsync(
        string id, RefundRequest request, Caller caller, IStore store, PaymentWorker worker, WriteSet work, CancellationToken cancellation)
    {
        if (request.Reason is { Length: > MaxReason })
        {
            return Problem.Invalid("refund.reason", $"A reason has at most {MaxReason} characters.").ToResult();
        }

        if (await VisibleAsync(id, caller, store, cancellation) is not var (payment, version))
        {
            return Unknown.ToResult();
        }

        var refundId = work.NewId();
        var decision = payment.StartRefund(refundId, request.Amount, caller.Id, request.Reason ?? "", work.Now);
        if (decision.Problem is { } refusal)
        {
            return refusal.ToResult();
        }

        // The version of the stream guards the sum: of fifty refunds at once, those that no longer fit are decided again, and refused.
        work.Append(Payment.Stream, id, version, decision.Events);
        ProviderTasks.Want(work, id);
        work.OnCommitted(worker.Wake);
        work.Audit(caller.Id, "payment.refund", id, refundId);
        var after = payment.Evolve(decision.Events[0]);
        return Results.Accepted($"/api/v1/payments/{id}/refunds", RefundView.Of(id, after, after.Refunds[^1]));
    }

    // What another's is, or never was, does not exist; nor does the mark that an undone order left.
    private static async Task<(Payment Payment, long Version)?> VisibleAsync(string id, Caller caller, IStore store, CancellationToken cancellation)
    {
        var (payment, version) = await store.LoadAsync(Payment.Stream, id, cancellation);
        return payment.Customer.Length > 0 && caller.MaySee(payment.Customer) ? (payment, version) : null;
    }
}

using Argosy.Chassis.EventStore;
using Argosy.Chassis.Store;
using Argosy.Contracts.Payment.V1;

namespace Argosy.Payments;

/// <summary>
/// What we do when others speak: decide, commit what we mean to do, acknowledge. <see cref="PaymentWorker"/> does it, and replies.
/// </summary>
internal sealed class PaymentMessages(IStore store, PaymentWorker worker)
{
    public async Task Handle(CapturePayment message, WriteSet work, CancellationToken cancellation)
    {
        var id = Payment.IdOf(message.OrderId);
        var (payment, version) = await store.LoadAsync(Payment.Stream, id, cancellation);
        var decision = payment.Capture(message.OrderId, message.CustomerId, PaymentReplies.FromWire(message.Amount), message.PaymentToken, work.Now);
        if (decision.Problem is { } refusal)
        {
            work.Publish(PaymentReplies.Declined(message.OrderId, id, refusal.Code));
            return;
        }

        work.Append(Payment.Stream, id, version, decision.Events);
        if (decision.Events.Count > 0 || payment.Status == PaymentStatus.Pending)
        {
            ProviderTasks.Want(work, id, captureWaits: true);
            work.OnCommitted(worker.Wake);
        }
        else
        {
            work.Publish(PaymentReplies.ToCapture(id, payment));
        }
    }

    public async Task Handle(RefundPayment message, WriteSet work, CancellationToken cancellation)
    {
        var id = Payment.IdOf(message.OrderId);
        var (payment, version) = await store.LoadAsync(Payment.Stream, id, cancellation);
        var decision = payment.Return(message.OrderId, message.Reason, work.Now);
        work.Append(Payment.Stream, id, version, decision.Events);
        var after = decision.Events.Aggregate(payment, (state, happened) => state.Evolve(happened));
        if (after.IsReturned)
        {
            work.Publish(PaymentReplies.ToReturn(message.OrderId, id, after));
        }
        else
        {
            ProviderTasks.Want(work, id, returnWaits: true);
            work.OnCommitted(worker.Wake);
        }
    }
}

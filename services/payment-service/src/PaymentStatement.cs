using Argosy.Chassis;
using Argosy.Chassis.EventStore;
using Argosy.Chassis.Hosting;
using Argosy.Chassis.Hosting.Identity;
using Argosy.Chassis.Store;

namespace Argosy.Payments;

/// <summary><c>GET /admin/statement</c>: what this service says of every payment, for whoever holds it against what others say.</summary>
internal static class PaymentStatement
{
    public static void MapStatement(this WebApplication app) => app.MapGroup("/admin").RequireAdmin().MapGet("/statement", ListAsync)
        .WithSummary("Say how every payment stands").Answers<Page<StatedPayment>>(200, "A page, by the payments' ids.");

    private static async Task<IResult> ListAsync(Paging paging, IStore store, CancellationToken cancellation)
    {
        var rows = await store.QueryAsync<Row>(
            """
            select substr(s.id, 9) as Id, t.payment as Task from es_stream s left join provider_task t on s.id = 'payment-' || t.payment
            where s.type = 'payment' and s.id > 'payment-' || @after order by s.id limit @limit
            """,
            new { after = paging.After ?? "", limit = (long)paging.Take }, cancellation);
        var stated = new List<StatedPayment>();
        foreach (var row in rows)
        {
            var (payment, _) = await store.LoadAsync(Payment.Stream, row.Id, cancellation);
            stated.Add(StatedPayment.Of(row.Id, payment, row.Task is not null));
        }

        return TypedResults.Ok(paging.Of(stated, payment => payment.Id, payment => payment));
    }

    private sealed record Row(string Id, string? Task);
}

/// <param name="Id">The payment.</param>
/// <param name="OrderId">The order that it is of.</param>
/// <param name="Status">How it stands.</param>
/// <param name="Captured">What was taken, in minor units.</param>
/// <param name="Refunded">What of it was given back.</param>
/// <param name="IntentId">By what the provider knows it.</param>
/// <param name="Waits">Something of it is still to be done at the provider.</param>
internal sealed record StatedPayment(string Id, string OrderId, PaymentStatus Status, long Captured, long Refunded, string? IntentId, bool Waits) : IExample<StatedPayment>
{
    public static StatedPayment Example { get; } = new(PaymentView.Example.Id, PaymentView.Example.OrderId, PaymentStatus.Captured, 1980, 0, "pi_1", Waits: false);

    public static StatedPayment Of(string id, Payment payment, bool waits) =>
        new(id, payment.OrderId, payment.Status, payment.WasCaptured ? payment.Amount.Amount : 0, payment.Refunded, payment.IntentId, waits);
}

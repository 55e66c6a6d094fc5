using Argosy.Chassis.Store;

namespace Argosy.Shipping;

/// <summary>Shipments as they lie in the table.</summary>
internal sealed class Shipments(IStore store)
{
    private const string Select =
        """
        select id as Id, order_id as OrderId, customer as Customer, status as Status, tracking as Tracking, reason as Reason,
               name as Name, street as Street, city as City, postal_code as PostalCode, country as Country, created as Created
        from shipment
        """;

    public Task<Shipment?> FindAsync(string id, CancellationToken cancellation) =>
        store.FirstOrDefaultAsync<Shipment>($"{Select} where id = @id", new { id }, cancellation);

    public Task<Shipment?> OfOrderAsync(string order, CancellationToken cancellation) =>
        store.FirstOrDefaultAsync<Shipment>($"{Select} where order_id = @order", new { order }, cancellation);

    /// <summary>From one status to another. Whoever moved it first wins; the other meets a conflict and decides again.</summary>
    public static void Move(WriteSet work, Shipment shipment, string to) => work.Execute(
        "update shipment set status = @to, updated = @now where id = @id and status = @from",
        new { to, now = work.NowMilliseconds, id = shipment.Id, from = shipment.Status }, rows: 1);
}

using Argosy.Chassis.EventStore;
using Argosy.Payments;
using static Argosy.Simulation.Laws;

namespace Argosy.Simulation;

/// <summary>Of money, goods and parcels: three sets of books that never met say the same.</summary>
internal sealed class BookLaws(World world)
{
    public void Hold()
    {
        var statuses = world.Plan.Orders.ToDictionary(order => order, order => SagaLaws.StatusOf(world, order));
        foreach (var (order, status) in statuses)
        {
            Money(order, status);
            Parcel(order, status);
        }

        foreach (var (sku, stock) in world.Plan.Stock)
        {
            Goods(sku, stock, statuses);
        }
    }

    private void Money(OrderPlan order, string status)
    {
        var books = world.Provider.Books.Where(booking => booking.Order == order.Id).ToList();
        var charges = books.Where(booking => booking.Kind == "charge").ToList();
        var (taken, back) = (charges.Sum(c => c.Amount), books.Where(booking => booking.Kind == "refund").Sum(r => r.Amount));
        Must(charges.Count <= 1 && charges.All(charge => charge.Amount == order.Total), "an order is charged once, its own amount", $"{order.Id}: {string.Join(", ", books)}");
        Must(taken - back == (status == "cancelled" ? 0 : order.Total), "what stands is paid, and what is undone is paid back", $"{order.Id} is {status}, {taken} taken and {back} given back");
        Must(order.Token != "tok_declined" || taken == 0, "a declined card is not charged", order.Id);
        var (payment, _) = world.Find(World.Payments).Disk.Store.LoadAsync(Payment.Stream, Payment.IdOf(order.Id)).GetAwaiter().GetResult();
        Must((payment.WasCaptured ? payment.Amount.Amount : 0) == taken && payment.Refunded == back, "payment-service and the provider agree",
            $"{order.Id}: {payment.Status}, {payment.Refunded} back here, {taken} taken and {back} back there");
    }

    private void Parcel(OrderPlan order, string status)
    {
        var parcels = world.Find(World.Shipping).Disk.PeekAll<string>("select status from shipment where order_id = @id", new { id = order.Id });
        var parcel = parcels.Count == 0 ? "none" : parcels[0];
        Must(status switch
        {
            "confirmed" => parcel == "arranged",
            "shipped" => parcel == "dispatched",
            _ => parcel is "none" or "cancelled" or "refused",
        }, "a parcel goes where its order stands, and nowhere else", $"{order.Id} is {status}, its parcel {parcel}");
    }

    private void Goods(string sku, long stock, Dictionary<OrderPlan, string> statuses)
    {
        long Of(string status) => statuses.Where(one => one.Value == status).Sum(one => one.Key.Lines.Where(line => line.Sku == sku).Sum(line => line.Quantity));
        var shelf = world.Find(World.Inventory).Disk.Peek<Shelf>("select put_in as PutIn, available as Available, reserved as Reserved, sold as Sold from stock where sku = @sku", new { sku });
        var expected = new Shelf(stock, stock - Of("confirmed") - Of("shipped"), Of("confirmed"), Of("shipped"));
        Must(shelf == expected, "every piece is where its order is", $"{sku}: {shelf}, and by the orders {expected}");
    }

    private sealed record Shelf(long PutIn, long Available, long Reserved, long Sold);
}

namespace Argosy.Cli.Reconcile;

/// <summary>
/// Holds what everybody says of an order against each other: order, payment, the provider's ledger, reservation, shipment; then the
/// shelves. An order that is on its way is not judged. Nothing here moves money: where it is about money a person decides.
/// </summary>
internal sealed class Comparison
{
    private readonly Dictionary<string, StatedOrder> _orders;
    private readonly Dictionary<string, StatedPayment> _payments;
    private readonly ILookup<string, LedgerEntry> _ledger;
    private readonly Dictionary<string, StatedReservation> _reservations;
    private readonly ILookup<string, StatedShipment> _shipments;

    private Comparison(Books books)
    {
        _orders = books.Orders.ToDictionary(order => order.OrderId, StringComparer.Ordinal);
        _payments = books.Payments.ToDictionary(payment => payment.OrderId, StringComparer.Ordinal);
        _ledger = books.Ledger.ToLookup(entry => entry.OrderId, StringComparer.Ordinal);
        _reservations = books.Reservations.ToDictionary(reservation => reservation.OrderId, StringComparer.Ordinal);
        _shipments = books.Shipments.ToLookup(shipment => shipment.OrderId, StringComparer.Ordinal);
    }

    /// <summary>What does not fit, and how many orders are on their way.</summary>
    public static (IReadOnlyList<Difference> Differences, int InFlight) Of(Books books)
    {
        if (books.Ledger.Count == 0 && books.Payments.Where(payment => payment.Captured > 0).ToList() is { Count: > 1 } charged)
        {
            return ([OfAnotherProvider(charged)], 0);
        }

        var comparison = new Comparison(books);
        var known = books.Orders.Where(order => !comparison.IsInFlight(order)).SelectMany(comparison.OfOrder);
        var unknown = comparison.Names(books).Where(order => !comparison._orders.ContainsKey(order)).SelectMany(comparison.OfNoOrder);
        return ([.. known, .. unknown, .. OfShelves(books)], books.Orders.Count(comparison.IsInFlight));
    }

    // Not one of many orders is wrong then: it isn't these orders' provider.
    private static Difference OfAnotherProvider(List<StatedPayment> charged) => new(
        "payment-provider", $"its ledger is empty, and payment-service knows of {charged.Count} payments that were charged there: it isn't the provider that they were charged at",
        "after a restore, ./argosy restore FILE --data DIR --provider DIR takes along the books of the fleet that was; nothing else was compared");

    // What payment-service still tries excuses nothing of a stuck checkout, or of an order that was called cancelled: its money is due now.
    private bool IsInFlight(StatedOrder order) => order.Saga is "running" or "compensating"
        || (order.Saga != "stuck" && order.Status is "confirmed" or "shipped" && _payments.GetValueOrDefault(order.OrderId) is { Waits: true });

    private IEnumerable<string> Names(Books books) => _ledger.Select(own => own.Key)
        .Concat(_payments.Keys).Concat(_reservations.Keys).Concat(books.Shipments.Select(shipment => shipment.OrderId)).Distinct(StringComparer.Ordinal);

    private IEnumerable<Difference> OfOrder(StatedOrder order)
    {
        if (order.Saga == "stuck")
        {
            return [new(order.OrderId, $"its checkout is stuck, the order is {order.Status}", $"./argosy sagas show checkout/{order.OrderId}; then retry, skip or force it")];
        }

        if (order.Status is "pending" or "cancelling")
        {
            return [new(order.OrderId, $"it is {order.Status}, and its checkout is {order.Saga ?? "nowhere"}: nobody ends it", $"./argosy sagas show checkout/{order.OrderId} says how that came; the order has to be cancelled")];
        }

        return OfMoney(order).Concat(OfReservation(order)).Concat(OfShipment(order));
    }

    private IEnumerable<Difference> OfMoney(StatedOrder order)
    {
        var entries = _ledger[order.OrderId].ToList();
        var captures = entries.Where(entry => entry.Type == "capture").ToList();
        var (captured, refunded) = (captures.Sum(entry => entry.Amount), entries.Where(entry => entry.Type == "refund").Sum(entry => entry.Amount));
        var payment = _payments.GetValueOrDefault(order.OrderId);
        if (captures.Count > 1)
        {
            yield return new(order.OrderId, $"the provider charged it {captures.Count} times: {Ids(captures)}", $"give back all but one at the provider");
        }

        if (captures.Count > 0 && captures[0] is var first && (first.Amount != order.Total.Amount || first.Currency != order.Total.Currency))
        {
            yield return new(order.OrderId, $"it costs {Text(order.Total)}, and the provider charged {Text(first)}", "give back what is too much, or ask the customer for the rest");
        }

        if (order.Status is "confirmed" or "shipped" && captures.Count == 0)
        {
            yield return new(order.OrderId, $"it is {order.Status}, and the provider never charged it", order.Status == "shipped" ? "ask the customer for the money" : $"cancel the order, or ask the customer for the money");
        }

        if (order.Status == "cancelled" && captured != refunded)
        {
            yield return new(order.OrderId, $"it is cancelled, and the provider holds {Text(captured - refunded, order.Total.Currency)} of it", Refund(payment, captures));
        }

        if ((payment?.Captured ?? 0) != captured && captures.Count <= 1)
        {
            yield return new(order.OrderId, $"the provider charged {Text(captured, order.Total.Currency)}, and payment-service knows of {Text(payment?.Captured ?? 0, order.Total.Currency)}", "payment-service has to hear of it: see the payment at the provider, and its webhooks");
        }

        if ((payment?.Refunded ?? 0) != refunded)
        {
            yield return new(
                order.OrderId, $"the provider gave back {Text(refunded, order.Total.Currency)}, and payment-service knows of {Text(payment?.Refunded ?? 0, order.Total.Currency)}",
                order.Status is "confirmed" or "shipped" && refunded >= captured ? "nothing is to be paid; the order has to be cancelled" : "payment-service has to hear of it: see the refunds at the provider");
        }
    }

    private IEnumerable<Difference> OfReservation(StatedOrder order)
    {
        var held = _reservations.GetValueOrDefault(order.OrderId)?.Lines ?? [];
        var expected = order.Status switch { "confirmed" => "reserved", "shipped" => "sold", _ => "released" };
        foreach (var line in held.Where(line => line.State != expected))
        {
            yield return new(
                order.OrderId, $"it is {order.Status}, and {line.Quantity} of {line.Sku} are {line.State}",
                line.State == "reserved" ? "look for a dead letter of inventory-service: ./argosy dead-letters list --service inventory-service" : "count the shelf, and correct the item's stock");
        }

        if (order.Status == "cancelled")
        {
            yield break;
        }

        var wanted = order.Lines.GroupBy(line => line.Sku, StringComparer.Ordinal).ToDictionary(same => same.Key, same => same.Sum(line => line.Quantity), StringComparer.Ordinal);
        foreach (var (sku, quantity) in wanted)
        {
            var has = held.Where(line => line.Sku == sku).Sum(line => line.Quantity);
            if (has != quantity)
            {
                yield return new(order.OrderId, $"it is {order.Status} with {quantity} of {sku}, and inventory-service holds {has} for it", "count the shelf, and correct the item's stock");
            }
        }
    }

    private IEnumerable<Difference> OfShipment(StatedOrder order)
    {
        var shipments = _shipments[order.OrderId].ToList();
        var live = shipments.Where(shipment => shipment.Status is "arranged" or "dispatched").ToList();
        var expected = order.Status switch { "confirmed" => "arranged", "shipped" => "dispatched", _ => null };
        if (expected is null)
        {
            return live.Select(shipment => new Difference(
                order.OrderId, $"it is cancelled, and its parcel {shipment.Id} is {shipment.Status}",
                shipment.Status == "arranged" ? "stop the parcel, then look for a dead letter of shipping-service" : "call the parcel back; nobody pays for it"));
        }

        return live.Count == 1 && live[0].Status == expected ? [] :
        [
            new(order.OrderId, $"it is {order.Status}, and {(live.Count == 0 ? "no parcel of it is arranged" : $"its parcel is {string.Join(" and ", live.Select(shipment => shipment.Status))}")}",
                live.Count == 0 ? "arrange a parcel by hand, or cancel the order" : "look for a dead letter of order-service: ./argosy dead-letters list --service order-service"),
        ];
    }

    // What an order left elsewhere that order-service does not know: after a restore, what has happened since the backup.
    private IEnumerable<Difference> OfNoOrder(string order)
    {
        var entries = _ledger[order].ToList();
        var captures = entries.Where(entry => entry.Type == "capture").ToList();
        if (entries.Count > 0)
        {
            var left = captures.Sum(entry => entry.Amount) - entries.Where(entry => entry.Type == "refund").Sum(entry => entry.Amount);
            yield return new(
                order, $"nobody knows this order, and the provider has {Ids(entries)} for it: {Text(left, entries[0].Currency)} of the customer's money is left there",
                left == 0 ? "nothing is to be paid" : Refund(_payments.GetValueOrDefault(order), captures));
        }
        else if (_payments.GetValueOrDefault(order) is { Captured: > 0 } payment)
        {
            yield return new(order, $"nobody knows this order, and payment-service says that {payment.Captured} was charged for it", "see the payment at the provider");
        }

        foreach (var line in (_reservations.GetValueOrDefault(order)?.Lines ?? []).Where(line => line.State == "reserved"))
        {
            yield return new(order, $"nobody knows this order, and {line.Quantity} of {line.Sku} are reserved for it", "count the shelf, and correct the item's stock");
        }

        foreach (var shipment in _shipments[order].Where(shipment => shipment.Status is "arranged" or "dispatched"))
        {
            yield return new(order, $"nobody knows this order, and parcel {shipment.Id} of it is {shipment.Status}", "stop the parcel, or call it back");
        }
    }

    // An item that sells has other numbers at every reading; by how much they are wrong stays.
    private static IEnumerable<Difference> OfShelves(Books books)
    {
        foreach (var shelf in books.Stock)
        {
            var wrong = new[]
            {
                Off(shelf.Reserved - shelf.Held!.Value, "reserved than its orders hold"),
                Off(shelf.Sold - shelf.Bought!.Value, "sold than its orders bought"),
                Off(shelf.Available + shelf.Reserved + shelf.Sold - shelf.PutIn, "in all than were put in"),
                shelf.Available < 0 ? "less than nothing available" : null,
            }.OfType<string>().ToList();
            if (wrong.Count > 0)
            {
                yield return new(shelf.Sku, $"its shelf has {string.Join(", and ", wrong)}", "count the shelf, and correct the item's stock");
            }
        }
    }

    private static string? Off(long by, string what) => by == 0 ? null : $"{Math.Abs(by)} {(by > 0 ? "more" : "fewer")} {what}";

    private static string Refund(StatedPayment? payment, IReadOnlyList<LedgerEntry> captures) => payment is { Waits: true, Status: "refunding" }
        ? "payment-service tries again and again to give it back, and its log says why it can't; what the provider refuses for good is paid back by other means"
        : payment is { Captured: > 0 }
        ? $"if it is the customer's: POST /api/v1/payments/{payment.Id}/refunds as administrator"
        : $"if it is the customer's: refund {Ids(captures)} at the provider; payment-service does not know it";

    private static string Ids(IEnumerable<LedgerEntry> entries) => string.Join(", ", entries.Select(entry => $"{entry.Type} {entry.Id}"));

    private static string Text(Money money) => Text(money.Amount, money.Currency);

    private static string Text(LedgerEntry entry) => Text(entry.Amount, entry.Currency);

    private static string Text(long amount, string currency) => $"{amount} {currency} (minor units)";
}

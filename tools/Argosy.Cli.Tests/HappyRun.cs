using Argosy.Cli.Demo;

namespace Argosy.Cli.Tests;

/// <summary>A run that went well, with everybody's books as they then are; tests spoil one thing in it.</summary>
internal sealed class HappyRun
{
    public HappyRun(int orders = 60)
    {
        Plan = DemoPlan.Create("r", orders, seed: 11);
        Records = [.. Plan.Orders.Select(Ended)];
        Orders = Records.ToDictionary(r => r.Id!, r => (Order?)new Order(r.Id!, r.Status!, null, r.Total!, null), StringComparer.Ordinal);
        CustomersOrders = [.. Orders.Values.Select(o => o!)];
        Ledger = [.. Records.SelectMany(LedgerOf)];
        Payments = [.. Records.Where(r => !r.Planned.Kind.WantsTooMuch).Select(PaymentOf)];
        Shipments = [.. Records.Where(HasShipment).Select(ShipmentOf)];
        Items = Plan.Items.ToDictionary(i => i.Sku, ItemOf, StringComparer.Ordinal);
    }

    public DemoPlan Plan { get; }

    public List<OrderRecord> Records { get; }

    public Dictionary<string, Order?> Orders { get; }

    public Dictionary<string, Order?> OtherOrders { get; } = new(StringComparer.Ordinal);

    public List<Order> CustomersOrders { get; }

    public List<LedgerEntry> Ledger { get; }

    public List<Payment> Payments { get; }

    public List<Shipment> Shipments { get; }

    public Dictionary<string, Item> Items { get; }

    public OrderRecord First(string kind) => Records.First(r => r.Planned.Kind.Name == kind);

    public void Replace(OrderRecord old, OrderRecord changed) => Records[Records.IndexOf(old)] = changed;

    public void Charge(string? orderId, long amount, string type = "capture", string? id = null, string currency = "EUR") =>
        Ledger.Add(new LedgerEntry(id ?? $"le_{Ledger.Count}", type, "pi_x", orderId, amount, currency, DateTimeOffset.UnixEpoch));

    /// <summary>The names of the books that don't add up.</summary>
    public IReadOnlyList<string> Broken() => [.. Check().Where(b => !b.AddsUp).Select(b => b.Book)];

    public IReadOnlyList<BookCheck> Check() => Books.Check(Plan, Records, new Observation
    {
        Orders = Orders,
        CustomersOrders = CustomersOrders,
        Payments = Payments.ToLookup(p => p.OrderId, StringComparer.Ordinal),
        Shipments = Shipments.ToLookup(s => s.OrderId, StringComparer.Ordinal),
        Items = Items,
        Ledger = Ledger,
        OtherOrders = OtherOrders,
    });

    private static OrderRecord Ended(PlannedOrder planned) => new(planned)
    {
        Id = $"0199-{planned.Number}",
        Status = planned.Kind.Ends.ToString().ToLowerInvariant(),
        Total = new Money(planned.Amount, "EUR"),
        Accepted = TimeSpan.FromMilliseconds(10),
        Final = TimeSpan.FromMilliseconds(100),
    };

    private static bool IsKept(OrderRecord r) => r.Ended is Ending.Confirmed or Ending.Shipped;

    private static bool WasCharged(OrderRecord r) => IsKept(r) || r.Planned.Kind.Country == "AQ" || r.Planned.Kind.Cancels != Cancels.Never;

    private static bool HasShipment(OrderRecord r) => IsKept(r) || r.Planned.Kind.Cancels == Cancels.WhenConfirmed;

    private static IEnumerable<LedgerEntry> LedgerOf(OrderRecord r)
    {
        if (WasCharged(r))
        {
            yield return new LedgerEntry($"c_{r.Id}", "capture", $"pi_{r.Id}", r.Id, r.Planned.Amount, "EUR", DateTimeOffset.UnixEpoch);
        }

        if (WasCharged(r) && !IsKept(r))
        {
            yield return new LedgerEntry($"r_{r.Id}", "refund", $"pi_{r.Id}", r.Id, r.Planned.Amount, "EUR", DateTimeOffset.UnixEpoch);
        }
    }

    private static Payment PaymentOf(OrderRecord r)
    {
        var status = IsKept(r) ? "captured" : WasCharged(r) ? "refunded" : "declined";
        return new Payment($"p_{r.Id}", r.Id!, status, r.Total!, new Money(status == "refunded" ? r.Planned.Amount : 0, "EUR"), null);
    }

    private static Shipment ShipmentOf(OrderRecord r) => new($"s_{r.Id}", r.Id!, r.Ended switch
    {
        Ending.Confirmed => "arranged",
        Ending.Shipped => "dispatched",
        _ => "cancelled",
    }, "T1");

    private Item ItemOf(PlannedItem item)
    {
        var (reserved, sold) = (Wanted(item, Ending.Confirmed), Wanted(item, Ending.Shipped));
        return new Item(item.Sku, item.Name, new Money(item.Price, "EUR"), item.Stock - reserved - sold, reserved, sold);
    }

    private int Wanted(PlannedItem item, Ending ending) =>
        Records.Where(r => r.Ended == ending).SelectMany(r => r.Planned.Lines).Where(l => l.Item.Sku == item.Sku).Sum(l => l.Quantity);
}

namespace Argosy.Cli.Demo;

/// <summary>An item that this run puts on the shelf, so that it knows its numbers.</summary>
internal sealed record PlannedItem(string Sku, string Name, long Price, int Stock);

internal sealed record PlannedLine(PlannedItem Item, int Quantity);

/// <summary>An order before it is placed. The key makes every attempt to place it the same request.</summary>
internal sealed record PlannedOrder(int Number, OrderKind Kind, int Customer, IReadOnlyList<PlannedLine> Lines, string Key)
{
    public long Amount => Lines.Sum(l => l.Item.Price * l.Quantity);
}

/// <summary>What a run is going to do, all of it settled before the first request, from one seed.</summary>
internal sealed record DemoPlan(string Run, IReadOnlyList<PlannedItem> Items, IReadOnlyList<PlannedOrder> Orders, int Customers)
{
    public const string Currency = "EUR";
    public const int SmallestRun = 1;
    private const int Shelf = 6;
    private const int Scarce = 3;
    private const int TooMuch = 9;
    private const int Slack = 10;
    private const int OrdersPerCustomer = 50;

    public static DemoPlan Create(string run, int orders, int seed)
    {
        var random = new Random(seed);
        var shelf = Enumerable.Range(1, Shelf).Select(i => new PlannedItem($"demo-{run}-{i}", $"Demo item {i}", random.Next(100, 10_000), 0)).ToList();
        var scarce = new PlannedItem($"demo-{run}-scarce", "Demo item that is nearly gone", 1999, Scarce);
        var customers = Math.Clamp(orders / OrdersPerCustomer, 2, 8);
        var kinds = Kinds(orders);
        random.Shuffle(kinds);
        List<PlannedOrder> planned = [.. kinds.Select((kind, i) => new PlannedOrder(
            i + 1, kind, i % customers, kind.WantsTooMuch ? [new PlannedLine(scarce, TooMuch)] : LinesFrom(shelf, random), $"demo-{run}-{i + 1}"))];

        // Enough for everyone: that an order is refused for want of stock is left to those that are meant to be.
        var stocked = shelf.ToDictionary(i => i.Sku, i => i with { Stock = Wanted(planned, i) + Slack }, StringComparer.Ordinal);
        return new DemoPlan(run, [.. stocked.Values, scarce], planned, customers);
    }

    // One of each kind first, so that a small run shows everything too; the rest by weight.
    private static OrderKind[] Kinds(int orders)
    {
        var byWeight = OrderKind.All.SelectMany(k => Enumerable.Repeat(k, k.Weight)).ToList();
        return [.. Enumerable.Range(0, orders).Select(i => i < OrderKind.All.Count ? OrderKind.All[i] : byWeight[Spread(i, byWeight.Count)])];
    }

    // A step that has no divisor in common with a hundred visits every weight once in a hundred orders.
    private static int Spread(int index, int count) => (int)((long)index * 37 % count);

    private static List<PlannedLine> LinesFrom(List<PlannedItem> shelf, Random random)
    {
        var items = shelf.ToArray();
        random.Shuffle(items);
        return [.. items.Take(random.Next(1, 4)).Select(i => new PlannedLine(i, random.Next(1, 4)))];
    }

    private static int Wanted(IEnumerable<PlannedOrder> orders, PlannedItem item) =>
        orders.SelectMany(o => o.Lines).Where(l => l.Item.Sku == item.Sku).Sum(l => l.Quantity);
}

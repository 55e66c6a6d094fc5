namespace Argosy.Cli.Demo;

/// <summary>What this run put on the shelf is available, reserved for an order that is confirmed, or sold with one that has left.</summary>
internal static class StockBook
{
    public static BookCheck Check(DemoPlan plan, IReadOnlyList<OrderRecord> records, Observation seen)
    {
        var problems = plan.Items.SelectMany(i => Compare(i, records, seen.Items[i.Sku])).ToList();
        var (available, reserved, sold) = (seen.Items.Values.Sum(i => i.Available), seen.Items.Values.Sum(i => i.Reserved ?? 0), seen.Items.Values.Sum(i => i.Sold ?? 0));
        return new BookCheck("stock", $"{plan.Items.Count} items: {plan.Items.Sum(i => i.Stock)} put in = {available} available + {reserved} reserved + {sold} sold", problems);
    }

    private static IEnumerable<string> Compare(PlannedItem item, IReadOnlyList<OrderRecord> records, Item seen)
    {
        if (seen is not { Reserved: { } reserved, Sold: { } sold })
        {
            yield return $"item {item.Sku} doesn't say what is reserved and sold";
            yield break;
        }

        if (seen.Available + reserved + sold != item.Stock || Math.Min(seen.Available, Math.Min(reserved, sold)) < 0)
        {
            yield return $"item {item.Sku}: {seen.Available} available + {reserved} reserved + {sold} sold isn't the {item.Stock} that were put in";
        }

        var (held, gone) = (Wanted(records, item, Ending.Confirmed), Wanted(records, item, Ending.Shipped));
        if (reserved != held)
        {
            yield return $"item {item.Sku}: {reserved} are reserved, and confirmed orders hold {held}";
        }

        if (sold != gone)
        {
            yield return $"item {item.Sku}: {sold} are sold, and {gone} have left";
        }
    }

    private static int Wanted(IReadOnlyList<OrderRecord> records, PlannedItem item, Ending ending) =>
        records.Where(r => r.Ended == ending).SelectMany(r => r.Planned.Lines).Where(l => l.Item.Sku == item.Sku).Sum(l => l.Quantity);
}

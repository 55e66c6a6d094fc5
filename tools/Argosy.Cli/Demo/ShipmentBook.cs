namespace Argosy.Cli.Demo;

/// <summary>One parcel for what is confirmed, one on its way for what is shipped, none for what is cancelled.</summary>
internal static class ShipmentBook
{
    public static BookCheck Check(IReadOnlyList<OrderRecord> records, Observation seen)
    {
        var placed = records.Where(r => r.Id is not null).ToList();
        var problems = placed.SelectMany(r => Compare(r, [.. seen.Shipments[r.Id!]])).ToList();
        return new BookCheck("shipments", PaymentBook.Counted(placed.SelectMany(r => seen.Shipments[r.Id!]).Select(s => s.Status)), problems);
    }

    private static IEnumerable<string> Compare(OrderRecord own, IReadOnlyList<Shipment> shipments)
    {
        var live = shipments.Where(s => s.Status is "arranged" or "dispatched").ToList();
        var expected = own.Ended switch { Ending.Confirmed => "arranged", Ending.Shipped => "dispatched", _ => null };
        if (own.Ended is null)
        {
            yield break;
        }

        if (expected is null ? live.Count > 0 : live is not [var only] || only.Status != expected)
        {
            var are = live.Count == 0 ? "has no shipment" : $"has {string.Join(" and ", live.Select(s => $"{s.Status} {s.Id}"))}";
            yield return $"{own.Label} is {own.Status} and {are}";
        }
    }
}

namespace Argosy.Cli.Demo;

/// <summary>One book held against the own list: what was compared, and everything that doesn't fit.</summary>
internal sealed record BookCheck(string Book, string Summary, IReadOnlyList<string> Problems)
{
    public bool AddsUp => Problems.Count == 0;
}

/// <summary>
/// Holds everybody's books against the list that this client kept. Pure: the same records and the same observation give the same
/// findings, so that each kind of wrong book can be shown to be caught.
/// </summary>
internal static class Books
{
    public const double PromisedRate = 0.99;

    public static IReadOnlyList<BookCheck> Check(DemoPlan plan, IReadOnlyList<OrderRecord> records, Observation seen) =>
    [
        Promise(records),
        Endings(records),
        OrderBook.Check(records, seen),
        LedgerBook.CheckOwn(records, seen),
        LedgerBook.CheckOthers(records, seen),
        PaymentBook.Check(records, seen),
        ShipmentBook.Check(records, seen),
        StockBook.Check(plan, records, seen),
    ];

    private static BookCheck Promise(IReadOnlyList<OrderRecord> records)
    {
        var promised = records.Where(r => r.Planned.Kind == OrderKind.Plain).ToList();
        var kept = promised.Count(r => r.EndedAsItShould);
        var rate = promised.Count == 0 ? 1 : (double)kept / promised.Count;
        var summary = $"{kept} of {promised.Count} tok_visa orders that should end confirmed did";
        return new BookCheck("promise", summary, rate >= PromisedRate ? []
            : [$"that is {rate:P1}, and {PromisedRate:P0} are promised; {Why(promised.First(r => !r.EndedAsItShould))}"]);
    }

    private static BookCheck Endings(IReadOnlyList<OrderRecord> records)
    {
        var others = records.Where(r => r.Planned.Kind != OrderKind.Plain).ToList();
        var unsettled = records.Where(r => r.Planned.Kind == OrderKind.Plain && r.Ended is null);
        var wrong = others.Where(r => !r.EndedAsItShould).Concat(unsettled).ToList();
        return new BookCheck("endings", $"{others.Count - others.Count(r => !r.EndedAsItShould)} of {others.Count} other orders ended as their kind must", [.. wrong.Select(Why)]);
    }

    private static string Why(OrderRecord r) =>
        r.Trouble is { } trouble ? $"{r.Label} {trouble}"
        : $"{r.Label} ended {r.Outcome} instead of {r.Planned.Kind.Ends.ToString().ToLowerInvariant()}{(r.Reason is null ? "" : $": {r.Reason}")}";
}

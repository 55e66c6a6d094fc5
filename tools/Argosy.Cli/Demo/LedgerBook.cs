namespace Argosy.Cli.Demo;

/// <summary>The payment provider's own ledger, the book that nobody here can write: what was really charged and given back.</summary>
internal static class LedgerBook
{
    private const string Capture = "capture";
    private const string Refund = "refund";

    /// <summary>This run's orders: one capture of the right amount for what goes to the customer, nothing kept for what doesn't.</summary>
    public static BookCheck CheckOwn(IReadOnlyList<OrderRecord> records, Observation seen)
    {
        var byOrder = seen.Ledger.ToLookup(e => e.OrderId ?? "", StringComparer.Ordinal);
        var placed = records.Where(r => r.Id is not null).ToList();
        var entries = placed.SelectMany(r => byOrder[r.Id!]).ToList();
        var problems = placed.SelectMany(r => Compare(r, [.. byOrder[r.Id!]])).Concat(Repeated(seen.Ledger)).ToList();
        var kept = entries.Sum(e => e.Type == Capture ? e.Amount : -e.Amount);
        var owed = placed.Where(r => r.Ended is Ending.Confirmed or Ending.Shipped).Sum(r => r.Planned.Amount);
        if (kept != owed)
        {
            problems.Add($"the provider holds {new Money(kept, DemoPlan.Currency).Shown()} and the orders owe {new Money(owed, DemoPlan.Currency).Shown()}");
        }

        return new BookCheck("ledger",
            $"{entries.Count(e => e.Type == Capture)} captures − {entries.Count(e => e.Type == Refund)} refunds = {new Money(kept, DemoPlan.Currency).Shown()}, as owed", problems);
    }

    /// <summary>Everybody else's entries: each belongs to an order that exists, of its amount, captured once at most.</summary>
    public static BookCheck CheckOthers(IReadOnlyList<OrderRecord> records, Observation seen)
    {
        var own = records.Select(r => r.Id).OfType<string>().ToHashSet(StringComparer.Ordinal);
        var others = seen.Ledger.Where(e => !own.Contains(e.OrderId ?? "")).ToList();
        var problems = others.GroupBy(e => e.OrderId ?? "", StringComparer.Ordinal).SelectMany(g => Compare(g.Key, seen.OtherOrders.GetValueOrDefault(g.Key), [.. g])).ToList();
        return new BookCheck("earlier", $"{others.Count} ledger entries of other orders, each with its order", problems);
    }

    private static IEnumerable<string> Compare(OrderRecord own, IReadOnlyList<LedgerEntry> entries)
    {
        var amount = new Money(own.Planned.Amount, DemoPlan.Currency);
        foreach (var problem in Common(own.Label, amount, entries))
        {
            yield return problem;
        }

        var (captured, refunded) = (Sum(entries, Capture), Sum(entries, Refund));
        switch (own.Ended)
        {
            case Ending.Confirmed or Ending.Shipped when captured == 0:
                yield return $"{own.Label} is {own.Status} and was never charged";
                break;
            case Ending.Confirmed or Ending.Shipped when refunded != 0:
                yield return $"{own.Label} is {own.Status} and {new Money(refunded, amount.Currency).Shown()} of it were given back";
                break;
            case Ending.Cancelled when captured != refunded:
                yield return $"{own.Label} is cancelled; {new Money(captured, amount.Currency).Shown()} were charged and {new Money(refunded, amount.Currency).Shown()} given back";
                break;
        }
    }

    private static IEnumerable<string> Compare(string id, Order? order, IReadOnlyList<LedgerEntry> entries)
    {
        if (order is null)
        {
            var whose = id.Length == 0 ? "names no order" : $"names order {id}, which nobody placed";
            return entries.Select(e => $"ledger entry {e.Id} ({e.Type} of {new Money(e.Amount, e.Currency).Shown()}, {e.At:u}) {whose}");
        }

        var problems = Common($"order {id} (an earlier one)", order.Total, entries);
        return order.Status == "cancelled" && Sum(entries, Capture) != Sum(entries, Refund)
            ? problems.Append($"order {id} (an earlier one) is cancelled and not given back in full")
            : problems;
    }

    private static IEnumerable<string> Common(string label, Money amount, IReadOnlyList<LedgerEntry> entries)
    {
        var captures = entries.Where(e => e.Type == Capture).ToList();
        if (captures.Count > 1)
        {
            yield return $"{label} was charged {captures.Count} times: {string.Join(", ", captures.Select(e => e.Id))}";
        }

        foreach (var wrong in captures.Where(e => new Money(e.Amount, e.Currency) != amount))
        {
            yield return $"{label} was charged {new Money(wrong.Amount, wrong.Currency).Shown()} instead of {amount.Shown()} ({wrong.Id})";
        }

        if (Sum(entries, Refund) > Sum(entries, Capture) || entries.Any(e => e.Amount <= 0 || e.Currency != amount.Currency || e.Type is not (Capture or Refund)))
        {
            yield return $"{label} has ledger entries that can't be: {string.Join(", ", entries.Select(e => $"{e.Type} {new Money(e.Amount, e.Currency).Shown()} ({e.Id})"))}";
        }
    }

    private static IEnumerable<string> Repeated(IEnumerable<LedgerEntry> ledger) =>
        ledger.GroupBy(e => e.Id, StringComparer.Ordinal).Where(g => g.Count() > 1).Select(g => $"ledger entry {g.Key} is there {g.Count()} times");

    private static long Sum(IEnumerable<LedgerEntry> entries, string type) => entries.Where(e => e.Type == type).Sum(e => e.Amount);
}

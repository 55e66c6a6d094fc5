namespace Argosy.Cli.Demo;

/// <summary>Every acknowledged order exists, once, as it was told; and there are no others.</summary>
internal static class OrderBook
{
    public static BookCheck Check(IReadOnlyList<OrderRecord> records, Observation seen)
    {
        var placed = records.Where(r => r.Id is not null).ToList();
        var problems = placed.SelectMany(r => Compare(r, seen.Orders.GetValueOrDefault(r.Id!))).Concat(Unknown(placed, seen)).Concat(Shared(placed)).ToList();
        return new BookCheck("orders", $"{placed.Count} acknowledged, each there once with the right total", problems);
    }

    private static IEnumerable<string> Compare(OrderRecord own, Order? theirs)
    {
        if (theirs is null)
        {
            yield return $"{own.Label} was acknowledged and doesn't exist";
            yield break;
        }

        if (theirs.Total != new Money(own.Planned.Amount, DemoPlan.Currency))
        {
            yield return $"{own.Label} has the total {theirs.Total.Shown()} and not {new Money(own.Planned.Amount, DemoPlan.Currency).Shown()}";
        }

        // Whatever this client was told last must still be so: these statuses are where orders end.
        if (own.Ended is not null && theirs.Status != own.Status)
        {
            yield return $"{own.Label} was {own.Status} and is {theirs.Status} now";
        }
    }

    private static IEnumerable<string> Unknown(IReadOnlyList<OrderRecord> placed, Observation seen)
    {
        var own = placed.Select(r => r.Id!).ToHashSet(StringComparer.Ordinal);
        return seen.CustomersOrders.Where(o => !own.Contains(o.Id)).Select(o => $"order {o.Id} ({o.Total.Shown()}) belongs to this run's customers and was acknowledged to nobody");
    }

    private static IEnumerable<string> Shared(IReadOnlyList<OrderRecord> placed) =>
        placed.GroupBy(r => r.Id, StringComparer.Ordinal).Where(g => g.Count() > 1).Select(g => $"order {g.Key} was given for {g.Count()} different requests");
}

using Argosy.Checker.History;

namespace Argosy.Checker.Model;

/// <summary>
/// The shelf by the clients' own arithmetic: what was put there once, less what orders hold that stand, is what is left. Only for items of
/// which all orders are known with their lines.
/// </summary>
internal static class Shelves
{
    public static IEnumerable<Finding> Check(IReadOnlyList<HistoryLine> lines, Func<string, Status?> ending, Func<HistoryLine, string?> orderOf)
    {
        var places = lines.Where(line => line.Act == Act.Place && orderOf(line) is not null).GroupBy(line => orderOf(line)!, StringComparer.Ordinal).ToDictionary(order => order.Key, order => order.First(), StringComparer.Ordinal);
        if (places.Values.Any(place => place.Lines is null))
        {
            yield break;
        }

        var held = places.SelectMany(place => place.Value.Lines!.Select(line => (Order: place.Key, Place: place.Value, line.Sku, line.Quantity, Status: ending(place.Key))))
            .Where(one => one.Status is Status.Confirmed or Status.Shipped).ToLookup(one => one.Sku, StringComparer.Ordinal);
        var counts = lines.Where(line => line is { Act: Act.Count, Final: true, Status: 200 }).GroupBy(line => line.Sku!, StringComparer.Ordinal).ToDictionary(count => count.Key, count => count.Last(), StringComparer.Ordinal);
        foreach (var puts in lines.Where(line => line.Act == Act.Put).GroupBy(line => line.Sku!, StringComparer.Ordinal))
        {
            if (puts.ToList() is not [{ Status: 201, Stock: { } stock } put])
            {
                continue;
            }

            var (reserved, sold) = (held[puts.Key].Where(one => one.Status == Status.Confirmed).Sum(one => one.Quantity), held[puts.Key].Where(one => one.Status == Status.Shipped).Sum(one => one.Quantity));
            if (reserved + sold > stock)
            {
                yield return new Finding($"item {puts.Key}: {stock} were put on the shelf, and orders that stand have {reserved + sold}") { Facts = [put.ToFact(), .. TooMany(stock)] };
            }
            else if (counts.TryGetValue(puts.Key, out var count) && (count.Stock, count.Reserved, count.Sold) != (stock - reserved - sold, reserved, sold))
            {
                yield return new Finding($"item {puts.Key}: of {stock} put on the shelf, orders that stand have {reserved} reserved and {sold} sold; counted in the end were {count.Stock} available, {count.Reserved} reserved, {count.Sold} sold")
                {
                    Facts = [put.ToFact(), count.ToFact()],
                };
            }

            // The largest orders that together are already too many.
            IEnumerable<Fact> TooMany(long most)
            {
                foreach (var one in held[puts.Key].OrderByDescending(one => one.Quantity).TakeWhile(_ => most >= 0))
                {
                    most -= one.Quantity;
                    yield return one.Place.ToFact() with { Says = $"order {one.Order} has {one.Quantity} and ended {one.Status.ToString()!.ToLowerInvariant()}" };
                }
            }
        }
    }
}

using Argosy.Checker.History;

namespace Argosy.Checker.Model;

/// <summary>What clients read last of all: every order that they were given is in it, and none that nobody asked for, each where it can stay.</summary>
internal static class FinalReads
{
    public static IEnumerable<Finding> Check(IReadOnlyList<HistoryLine> lines, IEnumerable<string> settled)
    {
        List<HistoryLine> final = [.. lines.Where(line => line.Final == true)];
        foreach (var unrested in final.Where(line => line is { Act: Act.Read, Told: "pending" or "cancelling" or "attention" }))
        {
            yield return new Finding($"order {unrested.Order} is {unrested.Told} after everything has come to rest") { Facts = [unrested.ToFact()] };
        }

        var lists = final.Where(line => line is { Act: Act.List, Status: 200 }).GroupBy(line => line.Customer!, StringComparer.Ordinal).ToDictionary(list => list.Key, list => list.Last(), StringComparer.Ordinal);
        if (lists.Count == 0)
        {
            yield break;
        }

        var placed = lines.Where(line => line is { Act: Act.Place, Status: >= 200 and < 300 }).GroupBy(line => line.Order!, StringComparer.Ordinal).ToDictionary(order => order.Key, order => order.First(), StringComparer.Ordinal);
        var listed = final.Where(line => line is { Act: Act.Read, Order: not null, Customer: not null }).GroupBy(line => line.Order!, StringComparer.Ordinal).ToDictionary(order => order.Key, order => order.First(), StringComparer.Ordinal);
        foreach (var (order, place) in placed)
        {
            if (lists.TryGetValue(place.Customer!, out var list) && place.At < list.Asked && !listed.ContainsKey(order))
            {
                yield return new Finding($"order {order} was acknowledged, and is not among the orders that its customer has in the end") { Facts = [place.ToFact(), list.ToFact()] };
            }
        }

        var known = settled.ToHashSet(StringComparer.Ordinal);
        foreach (var (order, read) in listed.Where(pair => !placed.ContainsKey(pair.Key) && !known.Contains(pair.Key)))
        {
            yield return new Finding($"customer {read.Customer} has order {order} in the end, and no request of theirs made it") { Facts = [read.ToFact()] };
        }
    }
}

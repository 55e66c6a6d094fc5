namespace Argosy.FaultLab.CrashPoints;

/// <summary>
/// Chooses a few of many cases so that as many pairs of what they are made of as possible come together in one of them: most bugs need
/// two things to meet, few need three. Greedy: each choice is the case with the most pairs that none before it had; among equals, the
/// seed decides.
/// </summary>
internal sealed class Pairwise(int seed)
{
    private readonly HashSet<(int, string, int, string)> _met = [];

    /// <summary>How many pairs have come together.</summary>
    public int Met => _met.Count;

    /// <summary>At most so many; fewer when there aren't more.</summary>
    public IReadOnlyList<T> Choose<T>(IReadOnlyList<T> cases, int count, Func<T, IReadOnlyList<string>> factors)
    {
        var left = cases.Select(one => (Case: one, Pairs: Pairs(factors(one)))).ToArray();
        new Random(seed).Shuffle(left);
        var chosen = new List<T>(count);
        var open = left.ToList();
        while (chosen.Count < count && open.Count > 0)
        {
            var best = open.MaxBy(one => one.Pairs.Count(pair => !_met.Contains(pair)));
            open.Remove(best);
            chosen.Add(best.Case);
            _met.UnionWith(best.Pairs);
        }

        return chosen;
    }

    /// <summary>How many there are to meet.</summary>
    public static int Possible(IEnumerable<IReadOnlyList<string>> cases) => cases.SelectMany(Pairs).Distinct().Count();

    private static IReadOnlyList<(int, string, int, string)> Pairs(IReadOnlyList<string> factors) =>
        [.. from i in Enumerable.Range(0, factors.Count) from j in Enumerable.Range(i + 1, factors.Count - i - 1) select (i, factors[i], j, factors[j])];
}

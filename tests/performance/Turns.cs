namespace Argosy.Performance;

/// <summary>Peers measured in turns, so that whatever else the machine does hits all of them alike.</summary>
internal static class Turns
{
    private const int Rounds = 3;

    /// <summary>The median of each peer's rounds; one more round comes first, which warms up.</summary>
    public static async Task<IReadOnlyDictionary<string, double>> MeasureAsync(IReadOnlyDictionary<string, Func<Task<double>>> peers)
    {
        var rates = peers.Keys.ToDictionary(peer => peer, _ => new List<double>(), StringComparer.Ordinal);
        for (var round = 0; round <= Rounds; round++)
        {
            foreach (var (peer, measure) in peers)
            {
                var rate = await measure();
                if (round > 0)
                {
                    rates[peer].Add(rate);
                }
            }
        }

        return rates.ToDictionary(peer => peer.Key, peer => peer.Value.Order().ElementAt(Rounds / 2), StringComparer.Ordinal);
    }
}

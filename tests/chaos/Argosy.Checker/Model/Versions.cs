using Argosy.Checker.History;

namespace Argosy.Checker.Model;

/// <summary>An order's version never goes back for whoever has seen it, and says one thing.</summary>
internal static class Versions
{
    public static IEnumerable<Finding> Check(IReadOnlyList<HistoryLine> lines)
    {
        foreach (var order in lines.Where(line => line is { Act: Act.Read, Version: not null, Order: not null }).GroupBy(line => line.Order!, StringComparer.Ordinal))
        {
            List<HistoryLine> reads = [.. order];
            if (Backwards(reads) is var (earlier, later))
            {
                yield return new Finding($"order {order.Key} went back from version {earlier.Version} to {later.Version}") { Facts = [earlier.ToFact(), later.ToFact()] };
            }

            if (TwoFaces(reads) is var (one, other))
            {
                yield return new Finding($"version {one.Version} of order {order.Key} is {one.Told} and {other.Told}") { Facts = [one.ToFact(), other.ToFact()] };
            }
        }
    }

    // Asked after the other's answer was there; or a later line of the same stream.
    private static (HistoryLine, HistoryLine)? Backwards(List<HistoryLine> reads)
    {
        List<HistoryLine> byAnswer = [.. reads.OrderBy(read => read.At)], byQuestion = [.. reads.OrderBy(read => read.Asked)];
        HistoryLine? highest = null;
        var answered = 0;
        foreach (var read in byQuestion)
        {
            for (; answered < byAnswer.Count && byAnswer[answered].At < read.Asked; answered++)
            {
                highest = highest is null || byAnswer[answered].Version > highest.Version ? byAnswer[answered] : highest;
            }

            if (highest?.Version > read.Version)
            {
                return (highest, read);
            }
        }

        foreach (var stream in reads.Where(read => read.Op is not null).GroupBy(read => read.Op))
        {
            var before = stream.First();
            foreach (var read in stream)
            {
                if (read.Version < before.Version)
                {
                    return (before, read);
                }

                before = read;
            }
        }

        return null;
    }

    private static (HistoryLine, HistoryLine)? TwoFaces(List<HistoryLine> reads)
    {
        foreach (var version in reads.Where(read => read.Told is not (null or "attention")).GroupBy(read => read.Version))
        {
            var first = version.First();
            if (version.FirstOrDefault(read => read.Told != first.Told) is { } other)
            {
                return (first, other);
            }
        }

        return null;
    }
}

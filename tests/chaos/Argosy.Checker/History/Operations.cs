namespace Argosy.Checker.History;

/// <summary>Lines of histories as operations: an invocation whose answer follows says nothing more, one without is an operation that nobody knows the end of.</summary>
internal static class Operations
{
    /// <summary>What is left when every invocation has met its answer, in the order of the lines.</summary>
    public static IEnumerable<HistoryLine> Of(IReadOnlyCollection<HistoryLine> lines)
    {
        var answered = lines.Where(line => line is { Side: null, Op: not null }).Select(line => line.Op!.Value).ToHashSet();
        return lines.Where(line => line.Side != Side.Invoke || !answered.Contains(line.Op!.Value)).Select(line => line.Side == Side.Invoke ? line with { Side = null } : line);
    }
}

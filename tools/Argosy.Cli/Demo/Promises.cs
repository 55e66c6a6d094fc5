using Argosy.Checker;

namespace Argosy.Cli.Demo;

/// <summary>
/// What only this client can judge, since it alone knows what each order was meant to be: that orders ended as their kind must. All
/// else is in the checker's books. Pure.
/// </summary>
internal static class Promises
{
    public const double PromisedRate = 0.99;

    public static IReadOnlyList<BookResult> Check(IReadOnlyList<OrderRecord> records) => [Promise(records), Endings(records)];

    private static BookResult Promise(IReadOnlyList<OrderRecord> records)
    {
        var promised = records.Where(r => r.Planned.Kind == OrderKind.Plain).ToList();
        var kept = promised.Count(r => r.EndedAsItShould);
        var rate = promised.Count == 0 ? 1 : (double)kept / promised.Count;
        var summary = $"{kept} of {promised.Count} tok_visa orders that should end confirmed did";
        return new BookResult("promise", summary, rate >= PromisedRate ? []
            : [$"that is {rate:P1}, and {PromisedRate:P0} are promised; {Why(promised.First(r => !r.EndedAsItShould))}"]);
    }

    private static BookResult Endings(IReadOnlyList<OrderRecord> records)
    {
        var others = records.Where(r => r.Planned.Kind != OrderKind.Plain).ToList();
        var unsettled = records.Where(r => r.Planned.Kind == OrderKind.Plain && r.Ended is null);
        var wrong = others.Where(r => !r.EndedAsItShould).Concat(unsettled).ToList();
        return new BookResult("endings", $"{others.Count - others.Count(r => !r.EndedAsItShould)} of {others.Count} other orders ended as their kind must", [.. wrong.Select(Why)]);
    }

    private static string Why(OrderRecord r) =>
        r.Trouble is { } trouble ? $"{r.Label} {trouble}"
        : $"{r.Label} ended {r.Outcome} instead of {r.Planned.Kind.Ends.ToString().ToLowerInvariant()}{(r.Reason is null ? "" : $": {r.Reason}")}";
}

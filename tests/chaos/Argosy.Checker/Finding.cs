namespace Argosy.Checker;

/// <summary>Something that somebody wrote down: a line of a history, or a row of a table.</summary>
/// <param name="From">Where it is: <c>demo-x.jsonl:17</c>, <c>order-service: es_event, position 41</c>.</param>
/// <param name="Says">What it says.</param>
internal sealed record Fact(string From, string Says);

/// <summary>What doesn't add up, as a sentence, and the facts of which not all can be so: without any one of them nothing would be wrong.</summary>
internal sealed record Finding(string Says)
{
    public IReadOnlyList<Fact> Facts { get; init; } = [];

    public static implicit operator Finding(string says) => new(says);
}

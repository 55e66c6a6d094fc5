using System.Text.Json;
using System.Text.Json.Serialization;
using Argosy.Checker;

namespace Argosy.Cli.Demo;

/// <summary>All orders of one kind that ended the same way.</summary>
internal sealed record OutcomeClass(string Kind, string Outcome, bool AsItShould, int Count, Latency? Accepted, Latency? Final);

/// <param name="Lost">Requests whose connection was refused, lost, or silent for too long.</param>
/// <param name="Unsure">Requests that were answered 5xx, 429, or with a twin under way.</param>
internal sealed record Doubts(int Lost, int Unsure);

/// <summary>What a run was and how it went; `--json` writes this.</summary>
internal sealed record DemoResult(string Run, int Seed, int Orders, int Customers, double Seconds)
{
    public required IReadOnlyList<OutcomeClass> Outcomes { get; init; }

    public required OutcomeClass Total { get; init; }

    public required Doubts Doubts { get; init; }

    public required IReadOnlyList<BookResult> Books { get; init; }

    public bool AddsUp => Books.All(b => b.AddsUp);

    public static IReadOnlyList<OutcomeClass> Classes(IEnumerable<OrderRecord> records) =>
        [.. records.GroupBy(r => (r.Planned.Kind, r.Outcome, r.EndedAsItShould))
            .OrderBy(g => OrderKind.All.ToList().IndexOf(g.Key.Kind)).ThenBy(g => g.Key.EndedAsItShould ? 0 : 1)
            .Select(g => Class(g.Key.Kind.Name, g.Key.Outcome, g.Key.EndedAsItShould, [.. g]))];

    public static OutcomeClass Class(string kind, string outcome, bool asItShould, IReadOnlyList<OrderRecord> records) =>
        new(kind, outcome, asItShould, records.Count, Latency.Of(records.Select(r => r.Accepted)), Latency.Of(records.Select(r => r.Final)));
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, WriteIndented = true)]
[JsonSerializable(typeof(DemoResult))]
internal sealed partial class DemoResultJson : JsonSerializerContext;

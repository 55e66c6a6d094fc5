using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Text.RegularExpressions;

namespace Argosy.Chassis.Store;

/// <summary>
/// Spans and metrics of a service's database, by OpenTelemetry's conventions for database clients: SQLite's provider has none of its
/// own. A query or commit is a span where it belongs to work that is traced; what workers ask in their polls would be noise.
/// </summary>
internal sealed partial class StoreTelemetry(string system, string database)
{
    private const string Name = "Argosy.Store";
    private const int MaxSummaries = 1024;
    private const int LongestSummary = 255;
    private const string Commit = "commit";

    private static readonly ActivitySource Source = new(Name);
    private static readonly Meter Meter = new(Name);
    private static readonly ConcurrentDictionary<string, string> Summaries = new(StringComparer.Ordinal);

    // The conventions' boundaries begin at a millisecond, in which an embedded database answers ten times.
    private static readonly Histogram<double> Duration = Meter.CreateHistogram(
        "db.client.operation.duration", "s", "How long queries and commits took, waiting for a connection or for the commit pipeline included.",
        advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10] });

    private static readonly Histogram<long> GroupSize = Meter.CreateHistogram(
        "argosy.commit.group.size", "{set}", "Write sets in one transaction of the commit pipeline.",
        advice: new InstrumentAdvice<long> { HistogramBucketBoundaries = [1, 2, 4, 8, 16, 32, 64, 128, 256] });

    private static readonly Histogram<double> GroupDuration = Meter.CreateHistogram(
        "argosy.commit.group.duration", "s", "From BEGIN to the end of COMMIT, the flush to disk included.",
        advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5] });

    private static readonly UpDownCounter<long> Waiting = Meter.CreateUpDownCounter<long>("argosy.commit.waiting", "{set}", "Write sets that wait for the commit pipeline.");

    private static readonly Counter<long> Sets = Meter.CreateCounter<long>("argosy.commit.sets", "{set}", "Write sets by how they ended.");

    /// <summary>A query begins; dispose what is returned when it has ended.</summary>
    public Operation Query(string sql)
    {
        var span = Activity.Current is { IsAllDataRequested: true } ? Source.StartActivity(SummaryOf(sql), ActivityKind.Client) : null;
        span?.SetTag("db.query.text", sql);
        return Begin(SummaryOf(sql), span);
    }

    /// <summary>A write set is handed to the commit pipeline.</summary>
    public Operation Writes(WriteSet work)
    {
        var span = Activity.Current is { IsAllDataRequested: true } ? Source.StartActivity(Commit, ActivityKind.Client) : null;
        span?.SetTag("db.operation.batch.size", work.Statements.Count);
        return Begin(Commit, span);
    }

    /// <summary>So many more write sets wait; fewer, where it is negative.</summary>
    public static void Wait(int sets) => Waiting.Add(sets);

    /// <summary>The pipeline has committed a group, or has failed to.</summary>
    public static void Grouped(int sets, TimeSpan took)
    {
        GroupSize.Record(sets);
        GroupDuration.Record(took.TotalSeconds);
    }

    /// <summary>A write set has ended.</summary>
    public static void Ended(CommitResult result) => Sets.Add(1, new KeyValuePair<string, object?>("argosy.commit.outcome", OutcomeOf(result)));

    /// <summary>What a statement does to which tables, without a value: <c>select es_event</c>. There are as many as there are kinds of queries.</summary>
    internal static string SummaryOf(string sql)
    {
        if (Summaries.TryGetValue(sql, out var known))
        {
            return known;
        }

        var operation = Word().Match(sql).Value.ToLowerInvariant();
        var tables = Table().Matches(sql).Select(match => match.Groups["table"].Value).Distinct(StringComparer.Ordinal);
        var summary = string.Join(' ', tables.Prepend(operation));
        summary = summary.Length <= LongestSummary ? summary : summary[..LongestSummary];
        if (Summaries.Count < MaxSummaries)
        {
            Summaries.TryAdd(sql, summary);
        }

        return summary;
    }

    private Operation Begin(string summary, Activity? span)
    {
        span?.SetTag("db.system.name", system).SetTag("db.namespace", database).SetTag("db.query.summary", summary);
        return new Operation(system, summary, span);
    }

    private static string OutcomeOf(CommitResult result) => result switch
    {
        CommitResult.Committed => "committed",
        CommitResult.Duplicate => "duplicate",
        CommitResult.Conflict => "conflict",
        CommitResult.Failed => "failed",
        _ => "unknown",
    };

    [GeneratedRegex(@"\w+", RegexOptions.None, 1000)]
    private static partial Regex Word();

    [GeneratedRegex(@"\b(?:from|join|into|update)\s+(?<table>[a-z_][a-z0-9_]*)", RegexOptions.ExplicitCapture | RegexOptions.IgnoreCase, 1000)]
    private static partial Regex Table();

    /// <summary>One query or commit under way.</summary>
    internal struct Operation(string system, string summary, Activity? span) : IDisposable
    {
        private readonly long _start = Stopwatch.GetTimestamp();
        private string? _error;

        /// <summary>It failed.</summary>
        public void Failed(Exception error)
        {
            _error = error.GetType().FullName;
            span?.SetTag("error.type", _error).SetStatus(ActivityStatusCode.Error, error.Message);
        }

        /// <summary>A write set has ended; a conflict is no error, it is decided again.</summary>
        public void Ended(CommitOutcome outcome)
        {
            span?.SetTag("argosy.commit.outcome", OutcomeOf(outcome.Result));
            if (outcome.Error is { } error)
            {
                Failed(error);
            }
        }

        public readonly void Dispose()
        {
            span?.Dispose();
            var tags = new TagList { { "db.system.name", system }, { "db.query.summary", summary } };
            if (_error is not null)
            {
                tags.Add("error.type", _error);
            }

            Duration.Record(Stopwatch.GetElapsedTime(_start).TotalSeconds, tags);
        }
    }
}

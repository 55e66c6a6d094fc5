using Argosy.Mesh.Loading;

namespace Argosy.FaultLab.Experiments.Probes;

/// <summary>
/// Litmus's <c>promProbe</c>: the one value that a query has now. In a cluster its Prometheus is asked, here one that scrapes this fleet and
/// nothing else, every second.
/// </summary>
internal sealed record PromCheck(string Query, Comparison Value) : ICheck
{
    private const string Host = "prometheus";
    private static readonly char[] ForTheShell = ['"', '`', '$', '\\'];

    public string Expected => $"value {Value}";

    public static PromCheck? Read(Node inputs)
    {
        inputs.AllowOnly("endpoint", "query", "comparator");
        if (inputs.Require("endpoint") is { } endpoint && endpoint.Text() is { } text
            && !(Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme == "http" && url.Host.Split('.')[0] == Host))
        {
            endpoint.Fail($"is {text}: write http://{Host}.NAMESPACE.svc.cluster.local:9090");
        }

        // At Litmus a shell has the query between double quotes.
        var queryNode = inputs.Require("query");
        if (queryNode?.Text() is { } written && written.IndexOfAny(ForTheShell) >= 0)
        {
            queryNode.Fail($"is {written}: of quotes only ' arrives at Prometheus as it is, and no \\, ` or $ does");
        }

        return queryNode?.Text() is { } query && Comparison.Read(inputs.Require("comparator"), "int", "float") is { } value
            ? new PromCheck(query.Trim(), value with { Type = "float" })        // as Litmus does, whatever is written
            : null;
    }

    public async Task<Seen> LookAsync(Surroundings surroundings, CancellationToken ct)
    {
        var (values, error) = await surroundings.Prometheus.AskAsync(Query, ct);
        return values switch
        {
            null => new Seen(Holds: false, error!),
            [var value] => new Seen(Value.Holds(value), value),
            _ => new Seen(Holds: false, $"{values.Count} values, where one is compared"),
        };
    }
}

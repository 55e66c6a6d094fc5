using System.Text.Json;
using Json.Schema;

namespace Argosy.E2E.Fuzz;

/// <summary>What an operation may answer to a request.</summary>
internal sealed class Judge(Operation operation)
{
    // Of HTTP itself, before anybody looks at the contract.
    private static readonly HashSet<string> OfHttp = new(StringComparer.Ordinal) { "405", "411", "413", "414", "415", "431" };

    private readonly Dictionary<string, JsonSchema?> _schemas = new(StringComparer.Ordinal);

    /// <summary>What is wrong with the answer; null where nothing is.</summary>
    public async Task<string?> FaultAsync(FuzzRequest request, HttpResponseMessage answer)
    {
        var status = (int)answer.StatusCode;
        return status switch
        {
            >= 500 => $"{status} {await answer.Content.ReadAsStringAsync()}",
            < 400 when operation.Callers != "anybody" && request.By is By.Forged or By.Nobody => $"{status} without a token that is good",
            < 400 when request.Body is { IsBroken: true } => $"{status} for a body that the contract forbids",
            405 when answer.Content.Headers.Allow.Count == 0 => "405 without Allow",
            _ => await FaultAsync($"{status}", answer),
        };
    }

    private async Task<string?> FaultAsync(string status, HttpResponseMessage answer)
    {
        var type = answer.Content.Headers.ContentType?.MediaType;
        if (OfHttp.Contains(status) || (status == "400" && type is null))
        {
            return null;        // the server's own word, without one of ours: a NUL in the path
        }

        if (!operation.Statuses.Contains(status))
        {
            return $"{status} is not in the contract: {await answer.Content.ReadAsStringAsync()}";
        }

        if (Contracts.HeadersOf(operation, status).FirstOrDefault(header => !answer.Headers.Contains(header)) is { } missing)
        {
            return $"{status} without the {missing} that the contract says";
        }

        if (Contracts.ContentOf(operation, status) is not { Count: > 0 } content)
        {
            return null;
        }

        if (type is null || !content.ContainsKey(type))
        {
            return $"{status} as {type}, and the contract says {string.Join(", ", content.Select(one => one.Key))}";
        }

        return type.EndsWith("json", StringComparison.Ordinal) && content[type]?["schema"] is { } schema
            ? Fault(status, schema, await answer.Content.ReadAsStringAsync())
            : null;
    }

    private string? Fault(string status, System.Text.Json.Nodes.JsonNode schema, string text)
    {
        using var document = JsonDocument.Parse(text);
        var known = _schemas.TryGetValue(status, out var read) ? read : _schemas[status] = Contracts.SchemaOf(operation, schema);
        var result = known!.Evaluate(document.RootElement, new EvaluationOptions { OutputFormat = OutputFormat.List });
        return result.IsValid ? null : $"{status} {text} breaks its schema: {string.Join("; ", (result.Details ?? []).Where(detail => detail.Errors is not null).SelectMany(detail => detail.Errors!.Select(error => $"{detail.InstanceLocation} {error.Value}")))}";
    }
}

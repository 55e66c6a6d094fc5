using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Argosy.E2E;

/// <summary>What came back.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Body">Without the trace id, which differs each time; empty for a stream, which is not waited for.</param>
internal sealed record Said(int Status, string Body);

/// <summary>Real requests to a service itself, past the gateway, as its contract says they are made.</summary>
internal static partial class ContractCalls
{
    /// <summary>Sends the contract's own example.</summary>
    public static Task<Said> CallAsync(this Fleet fleet, Operation operation, string? token, Things things, Thing? thing) =>
        fleet.CallAsync(operation, token, things, thing, ContentOf(operation));

    /// <summary>Sends another body instead.</summary>
    public static async Task<Said> CallAsync(this Fleet fleet, Operation operation, string? token, Things things, Thing? thing, HttpContent? content)
    {
        var parameters = new Queue<string>(thing?.Parameters ?? []);
        var path = Parameter().Replace(operation.Path, _ => parameters.Dequeue());
        var query = operation.Parameters.Any(parameter => parameter is { Name: "orderId", In: "query" }) ? $"?orderId={things.OrderId}" : "";
        using var request = new HttpRequestMessage(new HttpMethod(operation.Method), new Uri(fleet.AddressOf(operation.Service), path + query)) { Content = content };
        if (token is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        foreach (var (name, _, _) in operation.Parameters.Where(parameter => parameter.In == "header"))
        {
            request.Headers.TryAddWithoutValidation(name, ValueOf(name));
        }

        using var answer = await fleet.Gateway.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        var streams = answer.Content.Headers.ContentType?.MediaType == "text/event-stream";
        return new Said((int)answer.StatusCode, streams ? "" : TraceId().Replace(await answer.Content.ReadAsStringAsync(), ""));
    }

    public static HttpContent Json(string text) => new StringContent(text, Encoding.UTF8, "application/json");

    private static HttpContent? ContentOf(Operation operation) => (operation.ContentType, operation.Example) switch
    {
        (null, _) => null,
        ("application/json", var example) => Json(example?.ToJsonString() ?? "{}"),
        (_, JsonObject fields) => new FormUrlEncodedContent(fields.Select(field => KeyValuePair.Create(field.Key, field.Value!.ToString()))),
        _ => throw new JsonException($"{operation} shows no body."),
    };

    // Any version will do, and none has been seen of a stream.
    private static string ValueOf(string header) => header switch
    {
        "If-Match" => "*",
        "Last-Event-ID" => "0",
        "Cache-Control" => "no-cache",
        _ => Guid.NewGuid().ToString(),
    };

    [GeneratedRegex(@"\{[^}]+\}")]
    private static partial Regex Parameter();

    [GeneratedRegex("\"traceId\":\"[^\"]*\"")]
    private static partial Regex TraceId();
}

using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Argosy.Cli.Access;

/// <summary>An answer, read whole.</summary>
internal sealed record Answer(HttpStatusCode Status, byte[] Body, TimeSpan? RetryAfter)
{
    private const int ShownCharacters = 200;

    /// <summary>Which version of something it is (RFC 9110, 8.8.3), as <c>If-Match</c> takes it; null where it isn't said.</summary>
    public string? ETag { get; init; }

    public bool IsSuccess => (int)Status is >= 200 and < 300;

    /// <summary>
    /// Says nothing about whether it was done, or asks to come again: server errors, too much at once, and a request with the same
    /// key that is still under way.
    /// </summary>
    public bool LeavesDoubt => Status >= HttpStatusCode.InternalServerError
        || Status is HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout
        || (Status == HttpStatusCode.Conflict && Problem?.Type is { } type
            && (type.EndsWith(":idempotency.twin", StringComparison.Ordinal) || type.EndsWith(":write.contention", StringComparison.Ordinal)));

    /// <summary>The last word of the problem's type, for example <c>order.shipped</c>; null where the answer is no problem of ours.</summary>
    public string? ProblemCode => Problem?.Type is { } type ? type[(type.LastIndexOf(':') + 1)..] : null;

    private ProblemDetails? Problem
    {
        get
        {
            try
            {
                return JsonSerializer.Deserialize(Body, WireJson.Default.ProblemDetails);
            }
            catch (JsonException)
            {
                return null; // not ours: a proxy's page, an empty body
            }
        }
    }

    public static async Task<Answer> ReadAsync(HttpResponseMessage response, CancellationToken ct) => new(
        response.StatusCode, await response.Content.ReadAsByteArrayAsync(ct), response.Headers.RetryAfter?.Delta)
    {
        ETag = response.Headers.ETag?.ToString(),
    };

    public T Read<T>(JsonTypeInfo<T> type) => JsonSerializer.Deserialize(Body, type)
        ?? throw new JsonException($"the answer {(int)Status} has no body");

    public override string ToString()
    {
        var said = Problem is { } p && (p.Detail ?? p.Title) is { } text ? text : Encoding.UTF8.GetString(Body);
        return $"{(int)Status} {(said.Length > ShownCharacters ? said[..ShownCharacters] + "…" : said)}".TrimEnd();
    }
}

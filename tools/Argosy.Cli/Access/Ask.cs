using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Argosy.Cli.Access;

/// <summary>A request that can be made again: the same bytes, the same key.</summary>
internal sealed record Ask(HttpMethod Method, string Path)
{
    public byte[]? Body { get; init; }

    public string? IdempotencyKey { get; init; }

    public string? IfMatch { get; init; }

    public string? LastEventId { get; init; }

    public string? Token { get; init; }

    /// <summary>An answer from a cache won't do.</summary>
    public bool IsFresh { get; init; }

    public static Ask Get(string path) => new(HttpMethod.Get, path);

    public static Ask Post(string path) => new(HttpMethod.Post, path);

    public static Ask Post<T>(string path, T body, JsonTypeInfo<T> type) => new(HttpMethod.Post, path) { Body = JsonSerializer.SerializeToUtf8Bytes(body, type) };

    public static Ask Put<T>(string path, T body, JsonTypeInfo<T> type) => new(HttpMethod.Put, path) { Body = JsonSerializer.SerializeToUtf8Bytes(body, type) };

    public HttpRequestMessage ToRequest()
    {
        var request = new HttpRequestMessage(Method, Path);
        if (Body is not null)
        {
            request.Content = new ByteArrayContent(Body);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        }

        Add(request.Headers, "Cache-Control", IsFresh ? "no-cache" : null);
        Add(request.Headers, "Idempotency-Key", IdempotencyKey);
        Add(request.Headers, "If-Match", IfMatch);
        Add(request.Headers, "Last-Event-ID", LastEventId);
        Add(request.Headers, "Authorization", Token is null ? null : $"Bearer {Token}");
        return request;
    }

    private static void Add(HttpRequestHeaders headers, string name, string? value)
    {
        if (value is not null)
        {
            headers.TryAddWithoutValidation(name, value);
        }
    }
}

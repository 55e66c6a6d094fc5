using System.Text.Json;
using Argosy.Chassis.Store;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Argosy.Chassis.Hosting.Writes;

/// <summary>An answer as bytes: what was sent once is sent again, to the byte.</summary>
internal sealed record StoredAnswer(int Status, IReadOnlyDictionary<string, string> Headers, byte[] Body)
{
    private static readonly string[] Kept = ["Content-Type", "Location", "ETag", "Retry-After", "Cache-Control", "WWW-Authenticate"];

    /// <summary>Lets the result write itself, into memory instead of the connection.</summary>
    public static async Task<StoredAnswer> CaptureAsync(HttpContext http, IResult result)
    {
        var connection = http.Features.GetRequiredFeature<IHttpResponseBodyFeature>();
        using var buffer = new MemoryStream();
        var captured = new StreamResponseBodyFeature(buffer);
        http.Features.Set<IHttpResponseBodyFeature>(captured);
        try
        {
            await result.ExecuteAsync(http);
            await captured.CompleteAsync();
        }
        finally
        {
            http.Features.Set(connection);
        }

        var headers = Kept.Where(http.Response.Headers.ContainsKey).ToDictionary(name => name, name => http.Response.Headers[name].ToString(), StringComparer.OrdinalIgnoreCase);
        var answer = new StoredAnswer(http.Response.StatusCode, headers, buffer.ToArray());
        http.Response.Clear();
        return answer;
    }

    public async Task SendAsync(HttpContext http)
    {
        http.Response.StatusCode = Status;
        foreach (var (name, value) in Headers)
        {
            http.Response.Headers[name] = value;
        }

        if (Body.Length > 0)
        {
            http.Response.ContentLength = Body.Length;
            await http.Response.Body.WriteAsync(Body, http.RequestAborted);
        }
    }
}

/// <summary>The <c>http_idempotency</c> table.</summary>
internal static class IdempotencyRecords
{
    /// <summary>Written in the commit of the effect; where it is there already, a twin was faster and the set is a duplicate.</summary>
    public static Statement Insert(IdempotencyKey key, StoredAnswer answer, DateTimeOffset now) => new(
        """
        insert into http_idempotency (caller, method, path, key, request_hash, status, headers, body, at)
        values (@caller, @method, @path, @key, @hash, @status, @headers, @body, @at) on conflict (caller, method, path, key) do nothing
        """,
        new
        {
            caller = key.Caller,
            method = key.Method,
            path = key.Path,
            key = key.Key,
            hash = key.RequestHash,
            status = (long)answer.Status,
            headers = JsonSerializer.Serialize(answer.Headers),
            body = answer.Body,
            at = now.ToUnixTimeMilliseconds(),
        }, 1, Mismatch.Duplicate);

    public static async Task<(byte[] RequestHash, StoredAnswer Answer)?> FindAsync(IStore store, IdempotencyKey key, CancellationToken cancellation)
    {
        var row = await store.FirstOrDefaultAsync<Row>(
            "select request_hash as RequestHash, status as Status, headers as Headers, body as Body from http_idempotency where caller = @caller and method = @method and path = @path and key = @key",
            new { caller = key.Caller, method = key.Method, path = key.Path, key = key.Key }, cancellation);
        return row is null ? null : (row.RequestHash, new StoredAnswer((int)row.Status, JsonSerializer.Deserialize<Dictionary<string, string>>(row.Headers)!, row.Body));
    }

    private sealed record Row(byte[] RequestHash, long Status, string Headers, byte[] Body);
}

/// <summary>Who asked for what, under which key, with which body.</summary>
/// <param name="Caller">The user: another's key is another key.</param>
/// <param name="Method">The HTTP method.</param>
/// <param name="Path">The path.</param>
/// <param name="Key">The <c>Idempotency-Key</c> header.</param>
/// <param name="RequestHash">A keyed hash of the body, which may hold secrets.</param>
internal sealed record IdempotencyKey(string Caller, string Method, string Path, string Key, byte[] RequestHash)
{
    public string Text { get; } = $"{Caller}\n{Method}\n{Path}\n{Key}";
}

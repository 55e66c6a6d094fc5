using System.Collections.Concurrent;
using System.Security.Claims;
using System.Security.Cryptography;
using Argosy.Chassis.Store;
using Microsoft.AspNetCore.Http;

namespace Argosy.Chassis.Hosting.Writes;

/// <summary>
/// Idempotency keys, as the IETF draft "The Idempotency-Key HTTP Header Field" has them: the same key and body gives the stored
/// answer, another body 422, a twin that is still under way 409. Runs before the body is bound, so that it can be hashed.
/// </summary>
internal sealed class IdempotencyMiddleware(RequestDelegate next, IStore store, RequestHasher hasher)
{
    private const string Header = "Idempotency-Key";
    private const int MaxKey = 255;
    private readonly ConcurrentDictionary<string, byte> _underWay = new(StringComparer.Ordinal);

    public async Task InvokeAsync(HttpContext http)
    {
        if (http.GetEndpoint()?.Metadata.GetMetadata<WritesMetadata>() is not { } writes)
        {
            await next(http);
            return;
        }

        var header = http.Request.Headers[Header].ToString();
        if (header.Length == 0 && writes.Idempotency == Idempotency.Optional)
        {
            await next(http);
            return;
        }

        if (header.Length is 0 or > MaxKey || !header.All(c => c is >= '!' and <= '~'))
        {
            await Problem.Invalid("idempotency.key", $"{Header} is required here: 1 to {MaxKey} visible ASCII characters, new for each new request.").ToResult().ExecuteAsync(http);
            return;
        }

        await RunAsync(http, await KeyAsync(http, header));
    }

    private async Task RunAsync(HttpContext http, IdempotencyKey key)
    {
        if (!_underWay.TryAdd(key.Text, 0))
        {
            var twin = Problem.Conflict("idempotency.twin", $"A request with this {Header} is still under way: ask again in a moment.");
            await twin.ToResult().ExecuteAsync(http);
            return;
        }

        try
        {
            if (await IdempotencyRecords.FindAsync(store, key, http.RequestAborted) is { } stored)
            {
                await AnswerAsync(http, key, stored.RequestHash, stored.Answer);
                return;
            }

            http.Features.Set(key);
            await next(http);
        }
        finally
        {
            _underWay.TryRemove(key.Text, out _);
        }
    }

    internal static Task AnswerAsync(HttpContext http, IdempotencyKey key, byte[] storedHash, StoredAnswer answer) =>
        CryptographicOperations.FixedTimeEquals(storedHash, key.RequestHash)
            ? answer.SendAsync(http)
            : Problem.Unprocessable("idempotency.reused", $"This {Header} was used with another body: take a new key for a new request.").ToResult().ExecuteAsync(http);

    private async Task<IdempotencyKey> KeyAsync(HttpContext http, string header)
    {
        // The body is bounded by the server's limit; it is read once here and again by the binder.
        var body = new MemoryStream();
        await http.Request.Body.CopyToAsync(body, http.RequestAborted);
        body.Position = 0;
        http.Request.Body = body;
        http.Response.RegisterForDispose(body);
        var caller = http.User.FindFirstValue("sub") ?? "anonymous";
        return new IdempotencyKey(caller, http.Request.Method, http.Request.Path, header, hasher.Hash(body.GetBuffer().AsSpan(0, (int)body.Length)));
    }
}

/// <summary>Hashes request bodies with a key that stays on this disk.</summary>
internal sealed class RequestHasher(byte[] key)
{
    /// <summary>HMAC-SHA256 of the body.</summary>
    public byte[] Hash(ReadOnlySpan<byte> body) => HMACSHA256.HashData(key, body);

    /// <summary>Reads the key, or makes it at the first start.</summary>
    public static RequestHasher Load(string folder)
    {
        Directory.CreateDirectory(folder);
        var path = Path.Combine(folder, "idempotency.key");
        if (File.Exists(path) && File.ReadAllBytes(path) is { Length: 32 } known)
        {
            return new RequestHasher(known);
        }

        var made = RandomNumberGenerator.GetBytes(32);
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using (var file = new FileStream(path + ".new", options))
        {
            file.Write(made);
            file.Flush(flushToDisk: true);
        }

        File.Move(path + ".new", path, overwrite: true);
        return new RequestHasher(made);
    }
}

using System.Collections.Concurrent;
using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
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
        if (http.GetEndpoint()?.Metadata.GetMetadata<WritesMetadata>() is not { Idempotency: not Idempotency.Ignored } writes)
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

        if (Fault(header) is { } fault)
        {
            await Problem.Invalid("idempotency.key", $"{Header} {fault}").ToResult().ExecuteAsync(http);
            return;
        }

        await RunAsync(http, await KeyAsync(http, header));
    }

    private static string? Fault(string header) => header.Length switch
    {
        0 => $"is required here: 1 to {MaxKey} visible ASCII characters, new for each new request.",
        > MaxKey => $"has {header.Length} characters, and {MaxKey} are the most.",
        _ when !header.All(c => c is >= '!' and <= '~') => "has a character that is no visible ASCII: letters, digits and signs will do, spaces won't.",
        _ => null,
    };

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
        var body = await WholeBody.ReadAsync(http);
        var caller = http.User.FindFirstValue("sub") ?? "anonymous";
        return new IdempotencyKey(caller, http.Request.Method, http.Request.Path, header, hasher.Hash(body.Span));
    }
}

/// <summary>Hashes request bodies with a key that stays on disks; instances that share a database share it, for they compare hashes.</summary>
internal sealed class RequestHasher(byte[] key)
{
    public const int KeySize = 32;

    /// <summary>HMAC-SHA256 of the body.</summary>
    public byte[] Hash(ReadOnlySpan<byte> body) => HMACSHA256.HashData(key, body);

    /// <summary>Another key of the same size, for another purpose.</summary>
    public byte[] Derive(string purpose) => HKDF.DeriveKey(HashAlgorithmName.SHA256, key, KeySize, info: Encoding.UTF8.GetBytes(purpose));

    /// <summary>Reads the key, or makes it at the first start. Of two processes that make it, both use the one that is there in the end.</summary>
    public static RequestHasher Load(string path)
    {
        if (!File.Exists(path))
        {
            SecretFile.Create(path, RandomNumberGenerator.GetBytes(KeySize));
        }

        return File.ReadAllBytes(path) is { Length: KeySize } key
            ? new RequestHasher(key)
            : throw new ConfigurationException($"IDEMPOTENCY_KEY_PATH: {path} is not a key of {KeySize} bytes; without the one that was here, keys that clients use again are refused.");
    }
}

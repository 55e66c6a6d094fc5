using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Argosy.Chassis.Hosting.Identity;
using Argosy.Chassis.Resilience;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Argosy.Gateway.Keys;

/// <summary>An access token that stands for an API key.</summary>
/// <param name="Text">As it is sent.</param>
/// <param name="Issued">When it was made, by what it says itself, which services go by.</param>
/// <param name="Expires">Until when it is good.</param>
internal sealed record KeyToken(string Text, DateTimeOffset Issued, DateTimeOffset Expires)
{
    private static readonly TimeSpan Reserve = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Whether services take it. Not one from the future: it was made while auth-service's clock was ahead, and is refused until its time has come; the
    /// next, which is asked for at once, may be right again. Looked at for each use, since it may be our own clock that was wrong.
    /// </summary>
    public bool IsLikelyGood(DateTimeOffset now) => Issued <= now + TokenCheck.ClockSkew && Expires > now + Reserve;
}

/// <summary>Asks auth-service for the token of an API key.</summary>
internal sealed class TokenExchange(IHttpClientFactory clients, TimeProvider time)
{
    public const string Issuer = "auth-service";

    /// <summary>For how long a token is remembered: a minute less than auth-service makes them for.</summary>
    public static readonly TimeSpan TokenLife = TimeSpan.FromMinutes(9);

    /// <summary>All attempts together.</summary>
    public static readonly TimeSpan Within = TimeSpan.FromSeconds(2);

    private const int MostAtATime = 64;

    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(1);

    private readonly JsonWebTokenHandler _handler = new();

    private int _underWay;

    /// <summary>A client's requests wait for the answer, so that there is less patience than elsewhere, also for a breaker that is open.</summary>
    public static CallOptions Options { get; } = new()
    {
        Total = Within,
        Attempt = TimeSpan.FromMilliseconds(1500),
        Connect = TimeSpan.FromSeconds(1),
        Attempts = 2,
        Connections = MostAtATime,
        LargestAnswer = 64 * 1024,
        Breaker = new BreakerOptions { OpenFor = TimeSpan.FromSeconds(2) },
    };

    /// <summary>Null where the key is none that is good.</summary>
    /// <exception cref="DependencyException">Nobody could say.</exception>
    public async Task<KeyToken?> AskAsync(ApiKey key, CancellationToken cancellation)
    {
        try
        {
            return Interlocked.Increment(ref _underWay) <= MostAtATime
                ? await SendAsync(key, cancellation)
                : throw new DependencyException(Issuer, "is asked about as many API keys as it may be at a time", Soon);
        }
        finally
        {
            Interlocked.Decrement(ref _underWay);
        }
    }

    private async Task<KeyToken?> SendAsync(ApiKey key, CancellationToken cancellation)
    {
        using var client = clients.CreateClient(Issuer);
        using var form = new FormUrlEncodedContent([KeyValuePair.Create("key", key.Text)]);
        using var request = new HttpRequestMessage(HttpMethod.Post, ApiKey.TokenPath) { Content = form };
        request.Headers.Add("Idempotency-Key", Guid.CreateVersion7(time.GetUtcNow()).ToString());      // it changes nothing, so another instance may be asked
        using var response = await client.SendAsync(request, cancellation);
        return response.StatusCode switch
        {
            HttpStatusCode.OK => Read(await response.Content.ReadAsByteArrayAsync(cancellation)) ?? throw new DependencyException(Issuer, "gave no token", Soon),
            HttpStatusCode.Unauthorized => null,
            _ => throw new DependencyException(Issuer, "cannot tell whose API key it is", Soon),
        };
    }

    private KeyToken? Read(byte[] answer)
    {
        try
        {
            using var json = JsonDocument.Parse(answer);
            var token = json.RootElement.GetProperty("access_token").GetString()!;
            var read = _handler.ReadJsonWebToken(token);
            return new KeyToken(token, new DateTimeOffset(read.IssuedAt, TimeSpan.Zero), new DateTimeOffset(read.ValidTo, TimeSpan.Zero));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or ArgumentException or SecurityTokenException)
        {
            return null;
        }
    }
}

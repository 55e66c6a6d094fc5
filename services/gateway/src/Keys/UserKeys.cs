using Argosy.Chassis;
using Argosy.Chassis.Caching;
using Argosy.Chassis.Hosting.Identity;
using Argosy.Gateway.Limits;
using Microsoft.Extensions.Caching.Hybrid;
using Microsoft.Extensions.Primitives;

namespace Argosy.Gateway.Keys;

/// <summary>
/// The API keys of users, which no service sees: they get an access token instead. The protocol of a request:
/// <list type="number">
/// <item>The key is taken out of it. A configured client's ends here; what has not the form of a user's is refused (401): who sends it takes
/// it for one, and would not notice being nobody.</item>
/// <item>Beside an Authorization header it is refused (400): two may be two people.</item>
/// <item>Its token is remembered, by the key's SHA-256, until a minute before it expires; one from the future is used once. That there is none is
/// remembered for ten seconds.</item>
/// <item>Else auth-service is asked, once for all who wait for the same key, within two seconds, and only as often for one address as
/// its quota says: whoever guesses is refused here (429). Away, 503.</item>
/// <item>The request goes on with the token as its Authorization, or is refused (401).</item>
/// </list>
/// </summary>
internal sealed class UserKeys(ClientKeys clients, TokenExchange? exchange, Limiter limiter, TimeProvider time, ILogger<TwoLevelCache> log) : IAsyncDisposable
{
    private const int MostRemembered = 4096;

    private static readonly Problem TwoCredentials = Problem.Invalid("gateway.two-credentials", "The request has an API key and an Authorization header: send one of them.");

    private static readonly Problem Unknown = Problem.Unauthorized("gateway.api-key", "The API key is unknown, has expired or was revoked.");

    private readonly Problem _malformed = Problem.Unauthorized(
        "gateway.api-key", $"What is in {clients.Header} is no API key: it must be one, as it was told when it was made: {ApiKey.Form}.");

    // In this process's memory alone: tokens are nobody else's. Nothing outdates one from outside; services refuse what was revoked.
    private readonly TwoLevelCache _known = new(
        new NoSharedCache(),
        new CacheOptions { Entries = MostRemembered, Life = TokenExchange.TokenLife, NegativeLife = TimeSpan.FromSeconds(10), Unheard = TokenExchange.TokenLife, LoadWithin = TokenExchange.Within * 2 },
        time, log);

    /// <summary>Whom the key names; from then on the request has none, and has its user's token.</summary>
    public async ValueTask<Sender> TakeAsync(HttpContext context)
    {
        var headers = context.Request.Headers;
        if (clients.Take(headers) is not { } given)
        {
            return default;
        }

        if (given.Client is not null)
        {
            return new Sender(given.Client);
        }

        if (ApiKey.Parse(given.Text) is not { } key)
        {
            return new Sender(Refusal: _malformed);
        }

        if (headers.Authorization.Count > 0)
        {
            return new Sender(Refusal: TwoCredentials);
        }

        try
        {
            return exchange is not null && await FindAsync(exchange, key, context) is { } token
                ? Known(headers, key, token)
                : new Sender(Refusal: Unknown);
        }
        catch (ProblemException e)
        {
            return new Sender(Refusal: e.Problem);
        }
    }

    public ValueTask DisposeAsync() => _known.DisposeAsync();

    private static Sender Known(IHeaderDictionary headers, ApiKey key, KeyToken token)
    {
        headers.Authorization = new StringValues($"Bearer {token.Text}");
        return new Sender(Key: Caller.KeyPrefix + key.Prefix);
    }

    private async ValueTask<KeyToken?> FindAsync(TokenExchange from, ApiKey key, HttpContext context)
    {
        var (hash, address, isFresh) = (key.Hash, Callers.Address(context.Connection.RemoteIpAddress), false);
        var token = await _known.GetOrCreateAsync(hash, AskAsync, cancellationToken: context.RequestAborted);
        if (!isFresh && token?.IsLikelyGood(time.GetUtcNow()) == false)
        {
            _known.Forget(hash);        // its key ends soon, and tokens with it; or it is from the future
            token = await _known.GetOrCreateAsync(hash, AskAsync, cancellationToken: context.RequestAborted);
        }

        return token;

        async ValueTask<KeyToken?> AskAsync(CancellationToken cancellation)
        {
            isFresh = true;
            return await limiter.RefuseExchangeAsync(address, cancellation) is { } refusal
                ? throw new ProblemException(refusal)
                : await from.AskAsync(key, cancellation);
        }
    }
}

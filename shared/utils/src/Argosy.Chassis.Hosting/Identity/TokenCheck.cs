using System.Collections.Frozen;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Argosy.Chassis.Hosting.Identity;

/// <summary>Either a caller or the reason why there is none.</summary>
internal readonly record struct TokenVerdict(Caller? Caller, TokenFault Fault);

/// <summary>Decides whether an access token is good here, as RFC 9068 §4 and RFC 8725 ask.</summary>
/// <remarks>
/// 1. Form: what can be refused by looking at the text. 2. A token seen before, by its hash. 3. The key its header names; unknown, the
/// issuer is asked again, at most every <see cref="IdentityOptions.RefetchAfter"/>. 4. The algorithm: the key's own, whatever the token
/// would like. 5. Signature, type, issuer, audience and lifetime, by the library, with that key and that algorithm and no other. 6. The
/// claims, read from the very text that was checked for duplicates.
/// </remarks>
public sealed class TokenCheck
{
    /// <summary>How far clocks may be apart.</summary>
    public static readonly TimeSpan ClockSkew = TimeSpan.FromSeconds(30);

    private const string Prefix = "Bearer ";

    private static readonly TimeSpan LongestBelief = TimeSpan.FromHours(1);

    private readonly JsonWebTokenHandler _handler = new() { MapInboundClaims = false, MaximumTokenSizeInBytes = TokenText.MaxLength };
    private readonly TokenValidationParameters _rules;
    private readonly TokenCache _cache;
    private readonly KeyRing _ring;
    private readonly TimeProvider _time;

    internal TokenCheck(KeyRing ring, IdentityOptions options, TimeProvider time)
    {
        (_ring, _time, _cache) = (ring, time, new TokenCache(options.CacheSize));
        _rules = new TokenValidationParameters
        {
            ValidTypes = ["at+jwt"],
            ValidIssuer = options.Issuer,
            ValidAudience = IdentityOptions.Audience,
            ClockSkew = ClockSkew,
            TryAllIssuerSigningKeys = false,
            LifetimeValidator = (from, until, _, _) => LifetimeFault(from, until, time.GetUtcNow().UtcDateTime) == TokenFault.None,
        };
    }

    internal TokenCache Cache => _cache;

    /// <summary>Whom the request's access token proves; null without a token, with one that is not good here, and while there are no keys.</summary>
    public async ValueTask<Caller?> CallerOfAsync(HttpContext context) =>
        context.Request.Headers.Authorization is { Count: > 0 } header ? (await CheckAsync(header, context.RequestAborted)).Caller : null;

    // One header, one token: with two, somebody between us and the client may have believed the other one.
    internal ValueTask<TokenVerdict> CheckAsync(StringValues authorization, CancellationToken ct) =>
        authorization is [{ } header] && header.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase)
            ? CheckAsync(header[Prefix.Length..], ct)
            : ValueTask.FromResult(new TokenVerdict(null, authorization is [{ } other] && !IsBareScheme(other) ? TokenFault.Scheme : TokenFault.Malformed));

    private static bool IsBareScheme(string header) => header.Equals(Prefix.TrimEnd(), StringComparison.OrdinalIgnoreCase);

    internal async ValueTask<TokenVerdict> CheckAsync(string token, CancellationToken ct)
    {
        if (!_ring.HasKeys)
        {
            return new TokenVerdict(null, TokenFault.NoKeys);
        }

        if (!TokenText.HasForm(token))
        {
            return new TokenVerdict(null, TokenFault.Malformed);
        }

        var hash = TokenHash.Of(token);
        if (Remembered(hash) is { } known)
        {
            return new TokenVerdict(known, TokenFault.None);
        }

        var fault = TokenText.TryRead(token, out var text);
        return text is null ? new TokenVerdict(null, fault) : await VerifyAsync(token, text, hash, ct);
    }

    private Caller? Remembered(in TokenHash hash)
    {
        if (_cache.Find(hash) is not { } cached)
        {
            return null;
        }

        // A key that left the ring takes what it signed along.
        if (_time.GetUtcNow() < cached.Until && ReferenceEquals(_ring.Find(cached.Key.Id), cached.Key))
        {
            return cached.Caller;
        }

        _cache.Remove(hash);
        return null;
    }

    private async Task<TokenVerdict> VerifyAsync(string token, TokenText text, TokenHash hash, CancellationToken ct)
    {
        if ((_ring.Find(text.Kid) ?? await _ring.FindAgainAsync(text.Kid, ct)) is not { } key)
        {
            return new TokenVerdict(null, TokenFault.UnknownKey);
        }

        if (key.Algorithm != text.Algorithm)
        {
            return new TokenVerdict(null, TokenFault.Algorithm);
        }

        var result = await _handler.ValidateTokenAsync(token, RulesFor(key));
        if (!result.IsValid)
        {
            return new TokenVerdict(null, FaultOf(result));
        }

        if (CallerOf(text.Payload) is not { } caller)
        {
            return new TokenVerdict(null, TokenFault.Claims);
        }

        caller = caller with { Expires = new DateTimeOffset(result.SecurityToken.ValidTo, TimeSpan.Zero) };
        _cache.Add(hash, new CachedToken(caller, key, BelievedUntil(result.SecurityToken.ValidTo)));
        return new TokenVerdict(caller, TokenFault.None);
    }

    // The key that was found, and not whatever is on the ring under its name by now.
    private TokenValidationParameters RulesFor(IssuerKey key)
    {
        var rules = _rules.Clone();
        rules.IssuerSigningKey = key.SecurityKey;
        rules.ValidAlgorithms = [key.Algorithm];
        return rules;
    }

    // Not longer than the token lives; and where a token claims the year 9999, verified again now and then.
    private DateTimeOffset BelievedUntil(DateTime expires)
    {
        var again = _time.GetUtcNow() + LongestBelief;
        return expires < again.UtcDateTime ? new DateTimeOffset(expires, TimeSpan.Zero) + ClockSkew : again;
    }

    private TokenFault FaultOf(TokenValidationResult result) => result.Exception switch
    {
        SecurityTokenSignatureKeyNotFoundException => TokenFault.UnknownKey,
        SecurityTokenInvalidSignatureException => TokenFault.Signature,
        SecurityTokenInvalidLifetimeException e => LifetimeFault(e.NotBefore, e.Expires, _time.GetUtcNow().UtcDateTime),
        SecurityTokenInvalidIssuerException => TokenFault.Issuer,
        SecurityTokenInvalidAudienceException => TokenFault.Audience,
        SecurityTokenInvalidTypeException => TokenFault.Type,
        SecurityTokenInvalidAlgorithmException => TokenFault.Algorithm,
        _ => TokenFault.Claims,
    };

    private static TokenFault LifetimeFault(DateTime? from, DateTime? until, DateTime now) => (from, until) switch
    {
        (_, null) => TokenFault.Lifetime,
        (_, { } end) when end <= now - ClockSkew => TokenFault.Expired,
        ({ } start, _) when start > now + ClockSkew => TokenFault.Lifetime,
        _ => TokenFault.None,
    };

    private static Caller? CallerOf(JsonElement claims)
    {
        var complete = TokenText.TextOf(claims, "sub") is { Length: > 0 }
            && TokenText.TextOf(claims, "jti") is { Length: > 0 }
            && TokenText.TextOf(claims, "client_id") is { Length: > 0 }
            && claims.TryGetProperty("iat", out var issued) && issued.ValueKind == JsonValueKind.Number;
        return complete
            ? new Caller(
                TokenText.TextOf(claims, "sub")!,
                Roles(claims).Contains(Caller.AdminRole, StringComparer.Ordinal),
                TokenText.TextOf(claims, "sid") ?? "",
                (TokenText.TextOf(claims, "scope") ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries).ToFrozenSet(StringComparer.Ordinal))
            {
                TokenId = TokenText.TextOf(claims, "jti")!,
                ClientId = TokenText.TextOf(claims, "client_id")!,
                Authenticated = TimeOf(claims, "auth_time"),
            }
            : null;
    }

    // Seconds that no calendar has are no time.
    private static DateTimeOffset? TimeOf(JsonElement claims, string name) =>
        claims.TryGetProperty(name, out var time) && time.ValueKind == JsonValueKind.Number && time.TryGetInt64(out var seconds)
        && seconds >= 0 && seconds <= DateTimeOffset.MaxValue.ToUnixTimeSeconds() ? DateTimeOffset.FromUnixTimeSeconds(seconds) : null;

    private static IEnumerable<string?> Roles(JsonElement claims) =>
        claims.TryGetProperty("roles", out var roles) && roles.ValueKind == JsonValueKind.Array
            ? roles.EnumerateArray().Where(r => r.ValueKind == JsonValueKind.String).Select(r => r.GetString())
            : [];
}

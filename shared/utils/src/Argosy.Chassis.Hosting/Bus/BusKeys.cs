using System.Collections.Concurrent;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Argosy.Chassis.Hosting.Bus;

/// <summary>
/// The keys of the brokerless bus: a service signs with its own private key (ES256), everybody knows the public halves.
/// A token is good for one receiver and for a minute at most.
/// </summary>
internal sealed partial class BusKeys(string folder, string service, Catalog catalog, TimeProvider time, ILogger<BusKeys> log) : IDisposable
{
    private const string TokenType = "bus+jwt";
    private const int LongestToken = 4096;
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Reuse = TimeSpan.FromSeconds(30);

    private readonly JsonWebTokenHandler _handler = new() { SetDefaultTimesOnTokenCreation = false, MapInboundClaims = false };
    private readonly ConcurrentDictionary<string, (string Token, DateTimeOffset IssuedAt)> _tokens = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, ECDsaSecurityKey> _publicKeys = new(StringComparer.Ordinal);
    private ECDsaSecurityKey? _own;

    /// <summary>Reads this service's private key; throws <see cref="IOException"/> or <see cref="CryptographicException"/>.</summary>
    public void Load() => _own = ReadKey(Path.Combine(folder, $"{service}.private.pem"));

    /// <summary>A token that says to <paramref name="receiver"/> who we are.</summary>
    public string TokenFor(string receiver)
    {
        var now = time.GetUtcNow();
        // One that was made while the clock was ahead is refused until everybody's is there; once it has been set back, it is from the future here too. (So is a
        // good one where the clock is set wrong by going back: what replaces that is refused a little earlier than it would have run out.)
        if (_tokens.TryGetValue(receiver, out var cached) && now >= cached.IssuedAt && now < cached.IssuedAt + Reuse)
        {
            return cached.Token;
        }

        var token = _handler.CreateToken(new SecurityTokenDescriptor
        {
            Issuer = service,
            Audience = receiver,
            IssuedAt = now.UtcDateTime,
            NotBefore = now.UtcDateTime,
            Expires = (now + Lifetime).UtcDateTime,
            TokenType = TokenType,
            SigningCredentials = new SigningCredentials(_own ?? throw new InvalidOperationException("The bus key is not loaded."), SecurityAlgorithms.EcdsaSha256),
        });
        _tokens[receiver] = (token, now);
        return token;
    }

    /// <summary>The service that signed the token for us, or null where the token is not to be believed.</summary>
    public async Task<string?> VerifyAsync(string token)
    {
        if (IssuerOf(token) is not { } claimed || catalog.Find(claimed) is not { } sender || PublicKey(sender) is not { } key)
        {
            return null;
        }

        var result = await _handler.ValidateTokenAsync(token, new TokenValidationParameters
        {
            ValidIssuer = claimed,
            ValidAudience = service,
            IssuerSigningKey = key,
            ValidTypes = [TokenType],
            ValidAlgorithms = [SecurityAlgorithms.EcdsaSha256],
            ClockSkew = TimeSpan.FromSeconds(30),
            RequireExpirationTime = true,
            LifetimeValidator = LivesNow,
        });
        if (!result.IsValid)
        {
            LogRefused(log, claimed, result.Exception.Message);
        }

        return result.IsValid ? claimed : null;
    }

    // What it claims to be; whether that is so, the signature tells.
    private string? IssuerOf(string token)
    {
        try
        {
            return token.Length <= LongestToken && _handler.CanReadToken(token) ? _handler.ReadJsonWebToken(token).Issuer : null;
        }
        catch (Exception e) when (e is ArgumentException or SecurityTokenException)
        {
            return null;
        }
    }

    public void Dispose()
    {
        _own?.ECDsa.Dispose();
        foreach (var key in _publicKeys.Values)
        {
            key.ECDsa.Dispose();
        }
    }

    private bool LivesNow(DateTime? notBefore, DateTime? expires, SecurityToken token, TokenValidationParameters parameters)
    {
        var now = time.GetUtcNow().UtcDateTime;
        return notBefore is { } from && expires is { } to
            && to - from <= Lifetime
            && from <= now + parameters.ClockSkew
            && now <= to + parameters.ClockSkew;
    }

    private ECDsaSecurityKey? PublicKey(CatalogEntry sender)
    {
        if (_publicKeys.TryGetValue(sender.Name, out var known))
        {
            return known;
        }

        var path = Path.Combine(folder, $"{sender.Name}.public.pem");
        return File.Exists(path) ? _publicKeys.GetOrAdd(sender.Name, ReadKey(path)) : null;
    }

    private static ECDsaSecurityKey ReadKey(string path)
    {
        var key = ECDsa.Create();
        key.ImportFromPem(File.ReadAllText(path));
        return new ECDsaSecurityKey(key);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "A batch in the name of {Sender} was refused: {Reason}")]
    private static partial void LogRefused(ILogger logger, string sender, string reason);
}

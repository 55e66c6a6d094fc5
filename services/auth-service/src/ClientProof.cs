using System.Buffers.Text;
using System.Text.Json;
using Argosy.Chassis.Hosting.Identity;
using Argosy.Chassis.Messaging;
using Argosy.Chassis.Store;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Argosy.Auth;

/// <summary>Which program is asking (RFC 6749 §2.3): a public client says its id, any other proves it by <c>private_key_jwt</c>.</summary>
/// <remarks>
/// 1. One method at a time; a secret is nobody's method here. 2. An assertion (RFC 7523 §3) is a small JWT with every member once, signed by
/// the client's key with an algorithm of that key, from and about the client, for us, good for at most ten minutes. 3. Its <c>jti</c> is
/// written down before anything is given for it, so that it is good once, however many come with it at the same time.
/// </remarks>
internal sealed class ClientProof(Clients clients, AuthOptions options, IStore store, TimeProvider time)
{
    public const string AssertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

    public const string InvalidClient = "invalid_client";

    private const int MaxLength = 8 * 1024;
    private const int MaxId = 255;
    private static readonly TimeSpan LongestLife = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan ClockSkew = TimeSpan.FromSeconds(30);
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 8 };

    private readonly JsonWebTokenHandler _handler = new() { MapInboundClaims = false, MaximumTokenSizeInBytes = MaxLength };

    /// <summary>The client; neither where the request names none.</summary>
    public async Task<(Client? Client, OAuthError? Refusal)> IdentifyAsync(HttpRequest http, OAuthForm form, MessageContext cause, CancellationToken ct)
    {
        var (client, refusal) = await CheckAsync(http, form, cause, ct);
        if (refusal is not null)
        {
            http.HttpContext.CountRefusal("client.refuse", refusal.Error);
        }

        return (client, refusal);
    }

    private async Task<(Client? Client, OAuthError? Refusal)> CheckAsync(HttpRequest http, OAuthForm form, MessageContext cause, CancellationToken ct)
    {
        var (assertion, byHeader, bySecret) = (form["client_assertion"], http.Headers.Authorization.Count > 0, form["client_secret"] is not null);
        if ((assertion is not null ? 1 : 0) + (byHeader ? 1 : 0) + (bySecret ? 1 : 0) > 1)
        {
            return (null, new OAuthError("invalid_request", "The client proves itself in two ways at once."));
        }

        if (byHeader || bySecret)
        {
            return (null, Unknown("Clients have no secret here: a confidential one signs a client_assertion (private_key_jwt)."));
        }

        if (assertion is not null)
        {
            return form["client_assertion_type"] == AssertionType
                ? await ProveAsync(assertion, form["client_id"], cause, ct)
                : (null, new OAuthError("invalid_request", $"client_assertion_type must be {AssertionType}."));
        }

        if (form["client_id"] is not { } id)
        {
            return (null, null);
        }

        return clients.Find(id) is { IsPublic: true } client ? (client, null) : (null, Unknown("There is no such public client; a confidential one signs a client_assertion."));
    }

    public static OAuthError Unknown(string detail) => new(InvalidClient, detail);

    private async Task<(Client? Client, OAuthError? Refusal)> ProveAsync(string assertion, string? named, MessageContext cause, CancellationToken ct)
    {
        if (ReadClaims(assertion) is not { } claims
            || TextOf(claims, "iss") is not { } id || TextOf(claims, "sub") != id || (named is not null && named != id)
            || TextOf(claims, "jti") is not { Length: > 0 and <= MaxId } jti
            || clients.Find(id) is not { Key: { } key } client)
        {
            return (null, Unknown("The client_assertion is not one of a client that is known here: iss and sub are its client_id, and it has a jti."));
        }

        var at = options.Issuer.TrimEnd('/');
        var result = await _handler.ValidateTokenAsync(assertion, new TokenValidationParameters
        {
            IssuerSigningKey = key.Key,
            TryAllIssuerSigningKeys = true,     // there is one, whatever the kid says
            ValidAlgorithms = key.Algorithms,
            ValidIssuer = id,
            ValidAudiences = [options.Issuer, $"{at}/connect/token"],
            ClockSkew = ClockSkew,
            LifetimeValidator = (from, until, _, _) => IsTimely(from, until),
        });
        if (!result.IsValid)
        {
            return (null, Unknown($"The client_assertion does not hold: signed by the client's key with {string.Join(" or ", key.Algorithms)}, aud {options.Issuer}, exp within {LongestLife.TotalMinutes:0} minutes."));
        }

        return await IsFirstUseAsync(id, jti, result.SecurityToken.ValidTo, cause, ct)
            ? (client, null)
            : (null, Unknown("The client_assertion was used before; sign a new one for each request."));
    }

    private bool IsTimely(DateTime? from, DateTime? until)
    {
        var now = time.GetUtcNow().UtcDateTime;
        return until is { } end && end > now - ClockSkew && end <= now + LongestLife + ClockSkew && (from is not { } start || start <= now + ClockSkew);
    }

    private async Task<bool> IsFirstUseAsync(string client, string jti, DateTime until, MessageContext cause, CancellationToken ct)
    {
        var work = new WriteSet(cause.For("assertion"), time.GetUtcNow());
        work.Execute("delete from assertions where expires < @now", new { now = work.NowMilliseconds });
        work.Execute(
            "insert into assertions (client, jti, expires) values (@client, @jti, @expires) on conflict (client, jti) do nothing",
            new { client, jti, expires = new DateTimeOffset(until, TimeSpan.Zero).Add(ClockSkew).ToUnixTimeMilliseconds() }, rows: 1);
        var outcome = await store.CommitAsync(work, ct);
        if (outcome.Result == CommitResult.Conflict)
        {
            return false;
        }

        outcome.Ensure();
        return true;
    }

    // What the library leaves open: members that are there twice, and critical extensions, of which we understand none (RFC 7515 §4.1.11).
    private static JsonElement? ReadClaims(string assertion)
    {
        var parts = assertion.Length <= MaxLength ? assertion.Split('.') : [];
        return parts.Length == 3 && Parse(parts[0]) is { } header && !header.TryGetProperty("crit", out _) ? Parse(parts[1]) : null;
    }

    private static JsonElement? Parse(string encoded)
    {
        try
        {
            using var document = JsonDocument.Parse(Base64Url.DecodeFromChars(encoded), Strict);
            return document.RootElement.ValueKind == JsonValueKind.Object ? document.RootElement.Clone() : null;
        }
        catch (Exception e) when (e is FormatException or JsonException)
        {
            return null;
        }
    }

    private static string? TextOf(JsonElement claims, string name) =>
        claims.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}

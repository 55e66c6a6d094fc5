using System.Buffers.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Argosy.Chassis.Hosting;
using Argosy.Chassis.Hosting.Identity;
using Argosy.Chassis.Store;

namespace Argosy.Auth;

/// <summary>
/// <c>/connect/introspect</c> (RFC 7662): what a token is worth now, its session included. Only a client that proves itself may ask, and
/// only about its own tokens; to anybody else every token is inactive, so that nobody can try tokens out here (§2.1, §4).
/// </summary>
internal static class IntrospectionApi
{
    public static void MapIntrospection(this IEndpointRouteBuilder routes) =>
        routes.MapGroup("/connect").AllowAnonymous().MapPost("/introspect", IntrospectAsync);

    private static async Task<IResult> IntrospectAsync(HttpRequest http, ClientProof proof, Sessions sessions, WriteSet work, CancellationToken ct)
    {
        var (form, fault) = await OAuthForm.ReadAsync(http, ct);
        if (form is null)
        {
            return new OAuthError("invalid_request", fault!);
        }

        var (client, refusal) = await proof.IdentifyAsync(http, form, work.Context, ct);
        if (refusal is not null || client is not { IsPublic: false })
        {
            return refusal ?? ClientProof.Unknown("Whoever asks about tokens proves itself by a client_assertion.");
        }

        if (form["token"] is not { } token)
        {
            return new OAuthError("invalid_request", "token is missing.");
        }

        http.HttpContext.Response.Headers.CacheControl = "no-store";
        var state = token.Contains('.', StringComparison.Ordinal)
            ? await OfAccessTokenAsync(http.HttpContext, token, sessions, ct)
            : await OfRefreshTokenAsync(token, sessions, ct);
        return Results.Json(state?.Client == client.Id ? state : new Introspection(Active: false), StrictJson.Options);
    }

    private static async Task<Introspection?> OfAccessTokenAsync(HttpContext http, string token, Sessions sessions, CancellationToken ct)
    {
        if (await http.CheckTokenAsync(token, ct) is not { } caller || (caller.SessionId.Length > 0 && !await sessions.GoesOnAsync(caller.SessionId, ct)))
        {
            return null;
        }

        using var claims = JsonDocument.Parse(Base64Url.DecodeFromChars(token.Split('.')[1]));
        return new Introspection(Active: true)
        {
            Client = Text("client_id"), Scope = Text("scope"), Subject = caller.Id, Issuer = Text("iss"), Audience = Text("aud"), Id = Text("jti"),
            Expires = claims.RootElement.GetProperty("exp").GetInt64(), IssuedAt = claims.RootElement.GetProperty("iat").GetInt64(), Type = "Bearer",
        };

        string? Text(string name) => claims.RootElement.TryGetProperty(name, out var value) ? value.GetString() : null;
    }

    private static async Task<Introspection?> OfRefreshTokenAsync(string token, Sessions sessions, CancellationToken ct) =>
        await sessions.StateAsync(token, ct) is { } state
            ? new Introspection(Active: true) { Client = state.Client, Scope = state.Scope, Subject = state.Account, Expires = state.Expires.ToUnixTimeSeconds() }
            : null;

    /// <summary>RFC 7662 §2.2.</summary>
    private sealed record Introspection([property: JsonPropertyName("active")] bool Active)
    {
        [JsonPropertyName("client_id")]
        public string? Client { get; init; }

        [JsonPropertyName("scope")]
        public string? Scope { get; init; }

        [JsonPropertyName("sub")]
        public string? Subject { get; init; }

        [JsonPropertyName("iss")]
        public string? Issuer { get; init; }

        [JsonPropertyName("aud")]
        public string? Audience { get; init; }

        [JsonPropertyName("jti")]
        public string? Id { get; init; }

        [JsonPropertyName("exp")]
        public long? Expires { get; init; }

        [JsonPropertyName("iat")]
        public long? IssuedAt { get; init; }

        [JsonPropertyName("token_type")]
        public string? Type { get; init; }
    }
}

using System.Text.Json.Serialization;
using Argosy.Chassis.Hosting;
using Argosy.Chassis.Store;

namespace Argosy.Auth;

/// <summary>
/// <c>/connect/introspect</c> (RFC 7662): what a token is worth now, its session included. Only a client that proves itself may ask, and
/// only about its own tokens; to anybody else every token is inactive, so that nobody can try tokens out here (§2.1, §4).
/// </summary>
internal static class IntrospectionApi
{
    public static void MapIntrospection(this IEndpointRouteBuilder routes) =>
        routes.MapGroup("/connect").AllowAnonymous().MapPost("/introspect", IntrospectAsync).TakesForm<PresentedTokenForm>().WithName("introspect")
            .WithSummary("Ask what a token of one's own is worth (RFC 7662)").Answers<Introspection>(200, "Whether it is good, and for what.")
            .Answers<OAuthRefusal>(400, "A refusal (RFC 6749 §5.2).").Answers<OAuthRefusal>(401, "The client tried to prove itself by an Authorization header.");

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
        if (await PresentedToken.CheckAsync(http, token, ct) is not { Caller: var caller } presented || !await sessions.StandsAsync(caller, ct))
        {
            return null;
        }

        return new Introspection(Active: true)
        {
            Client = presented.Client,
            Scope = presented.Text("scope"),
            Subject = caller.Id,
            Issuer = presented.Text("iss"),
            Audience = presented.Text("aud"),
            Id = caller.TokenId,
            Expires = presented.Number("exp"),
            IssuedAt = presented.Number("iat"),
            Type = "Bearer",
        };
    }

    private static async Task<Introspection?> OfRefreshTokenAsync(string token, Sessions sessions, CancellationToken ct) =>
        await sessions.StateAsync(token, ct) is { } state
            ? new Introspection(Active: true) { Client = state.Client, Scope = state.Scope, Subject = state.Account, Expires = state.Expires.ToUnixTimeSeconds() }
            : null;

    /// <summary>RFC 7662 §2.2.</summary>
    private sealed record Introspection([property: JsonPropertyName("active")] bool Active) : IExample<Introspection>
    {
        public static Introspection Example { get; } = new(Active: true) { Client = "argosy", Scope = "api", Subject = "0195946a-0f66-7a10-8c1d-0d7b4c1f3a52" };

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

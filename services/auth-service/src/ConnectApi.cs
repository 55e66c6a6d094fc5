using Argosy.Chassis.Store;
using Microsoft.AspNetCore.Http.Features;

namespace Argosy.Auth;

/// <summary>The OAuth endpoints that exist so far: refreshing (RFC 6749 §6) and revoking (RFC 7009).</summary>
internal static class ConnectApi
{
    private static readonly FormOptions Small = new() { ValueCountLimit = 16, KeyLengthLimit = 64, ValueLengthLimit = 16 * 1024, BufferBodyLengthLimit = 64 * 1024 };

    public static void MapConnect(this IEndpointRouteBuilder routes)
    {
        // Not .Writes(): answers are secrets, and a refresh token is itself the key that works once.
        var connect = routes.MapGroup("/connect").AllowAnonymous();
        connect.MapPost("/token", TokenAsync);
        connect.MapPost("/revocation", RevokeAsync);
    }

    private static async Task<IResult> TokenAsync(HttpRequest http, Sessions sessions, AccessTokens tokens, WriteSet work, CancellationToken ct)
    {
        var (form, refusal) = await ReadAsync(http, ct);
        if (refusal is not null)
        {
            return refusal;
        }

        switch (form["grant_type"])
        {
            case "refresh_token":
                break;
            case null:
                return new OAuthError("invalid_request", "grant_type is missing.");
            default:
                return new OAuthError("unsupported_grant_type", "The only grant is refresh_token.");
        }

        if (form["refresh_token"] is not { } token)
        {
            return new OAuthError("invalid_request", "refresh_token is missing.");
        }

        if (form["scope"] is not (null or AccessTokens.Scope))
        {
            return new OAuthError("invalid_scope", $"The scope was and stays '{AccessTokens.Scope}'.");
        }

        return await sessions.RefreshAsync(token, work.Context, ct) is { } session
            ? new TokenAnswer(tokens.Issue(session), session.RefreshToken)
            : new OAuthError("invalid_grant", "The refresh token is unknown, expired, revoked, or was used before.");
    }

    /// <summary>200 whether or not there was such a token; access tokens end by themselves, sooner than a list of them would reach everybody.</summary>
    private static async Task<IResult> RevokeAsync(HttpRequest http, Sessions sessions, WriteSet work, CancellationToken ct)
    {
        var (form, refusal) = await ReadAsync(http, ct);
        if (refusal is not null)
        {
            return refusal;
        }

        switch (form["token"])
        {
            case null:
                return new OAuthError("invalid_request", "token is missing.");
            case var jwt when jwt.Contains('.', StringComparison.Ordinal):
                return new OAuthError("unsupported_token_type", "Access tokens cannot be revoked; revoke the refresh token, which ends the session.");
            case var token:
                await sessions.RevokeAsync(token, work.Context, ct);
                return Results.Ok();
        }
    }

    // RFC 6749 §3.2: a form, every parameter once, an empty one as if it were absent. Our client is public and brings no secret.
    private static async Task<(Form Form, OAuthError? Refusal)> ReadAsync(HttpRequest http, CancellationToken ct)
    {
        if (http.ContentType?.Split(';')[0].Trim().Equals("application/x-www-form-urlencoded", StringComparison.OrdinalIgnoreCase) != true)
        {
            return (default, new OAuthError("invalid_request", "The body must be application/x-www-form-urlencoded."));
        }

        IFormCollection fields;
        try
        {
            fields = await http.ReadFormAsync(Small, ct);
        }
        catch (InvalidDataException)
        {
            return (default, new OAuthError("invalid_request", "The form is too large."));
        }

        if (fields.Any(f => f.Value.Count > 1))
        {
            return (default, new OAuthError("invalid_request", "A parameter is there more than once."));
        }

        var form = new Form(fields);
        return http.Headers.Authorization.Count > 0 || form["client_secret"] is not null || form["client_id"] is not (null or AccessTokens.Client)
            ? (default, new OAuthError("invalid_client", "There is one client, it is public, and its id is 'argosy'.", StatusCodes.Status401Unauthorized))
            : (form, null);
    }

    private readonly record struct Form(IFormCollection Fields)
    {
        public string? this[string name] => Fields.TryGetValue(name, out var value) && value is [{ Length: > 0 } text] ? text : null;
    }
}

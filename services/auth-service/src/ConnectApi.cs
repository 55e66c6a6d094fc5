using Argosy.Chassis.Hosting;
using Argosy.Chassis.Messaging;
using Argosy.Chassis.Store;

namespace Argosy.Auth;

/// <summary>
/// <c>/connect/token</c> (RFC 6749 §3.2) and <c>/connect/revocation</c> (RFC 7009). Answers are OAuth's own: its clients know no problem details.
/// </summary>
internal static class ConnectApi
{
    public static void MapConnect(this IEndpointRouteBuilder routes)
    {
        // Not .Writes(): answers are secrets, and codes and refresh tokens are themselves keys that work once.
        var connect = routes.MapGroup("/connect").AllowAnonymous();
        connect.MapPost("/token", TokenAsync).TakesForm<TokenForm>()
            .WithSummary("Exchange a code, a refresh token or a client's proof for tokens").Answers<Tokens>(200, "Tokens (RFC 6749 §5.1).")
            .Answers<OAuthRefusal>(400, "A refusal (RFC 6749 §5.2).").Answers<OAuthRefusal>(401, "The client tried to prove itself by an Authorization header.");
        connect.MapPost("/revocation", RevokeAsync).TakesForm<PresentedTokenForm>()
            .WithSummary("Give up a token (RFC 7009)").Answers(200, "Whatever it was, it gets no more tokens; an access token reads for what is left of its 10 minutes.")
            .Answers<OAuthRefusal>(400, "A refusal (RFC 6749 §5.2).").Answers<OAuthRefusal>(401, "The client tried to prove itself by an Authorization header.");
    }

    private static async Task<IResult> TokenAsync(HttpRequest http, ClientProof proof, Grants grants, WriteSet work, CancellationToken ct)
    {
        var (form, fault) = await OAuthForm.ReadAsync(http, ct);
        if (form is null)
        {
            return new OAuthError("invalid_request", fault!);
        }

        if (form["grant_type"] is not { } grant)
        {
            return new OAuthError("invalid_request", "grant_type is missing.");
        }

        if (!GrantType.All.Contains(grant, StringComparer.Ordinal))
        {
            return new OAuthError("unsupported_grant_type", $"The grants are {string.Join(", ", GrantType.All)}.");      // and no password: RFC 9700 §2.4
        }

        var (client, refusal) = await IdentifyAsync(http, form, proof, grants, work.Context, ct);
        return refusal is not null ? refusal
            : !client!.Uses(grant) ? new OAuthError("unauthorized_client", $"Client {client.Id} may not use {grant}.")
            : grant switch
            {
                GrantType.AuthorizationCode => await grants.CodeAsync(client, form, work.Context, ct),
                GrantType.RefreshToken => await grants.RefreshAsync(client, form, work.Context, ct),
                _ => grants.Credentials(client, form),
            };
    }

    /// <summary>
    /// 200 whether or not there was such a token of this client. An access token takes its session along (RFC 7009 §2.1 lets it); where
    /// services look at once, it is refused as soon as they have heard of it.
    /// </summary>
    private static async Task<IResult> RevokeAsync(HttpRequest http, ClientProof proof, Grants grants, Sessions sessions, WriteSet work, CancellationToken ct)
    {
        var (form, fault) = await OAuthForm.ReadAsync(http, ct);
        if (form is null)
        {
            return new OAuthError("invalid_request", fault!);
        }

        var (client, refusal) = await IdentifyAsync(http, form, proof, grants, work.Context, ct);
        if (refusal is not null)
        {
            return refusal;
        }

        switch (form["token"])
        {
            case null:
                return new OAuthError("invalid_request", "token is missing.");
            case var jwt when jwt.Contains('.', StringComparison.Ordinal):
                if (await PresentedToken.CheckAsync(http.HttpContext, jwt, ct) is { } presented && presented.Client == client!.Id)
                {
                    await sessions.RevokeAsync(presented, work.Context, ct);
                }

                return Results.Ok();
            case var token:
                await sessions.RevokeAsync(token, client!.Id, work.Context, ct);
                return Results.Ok();
        }
    }

    // Whoever names no client is taken for the first-party one, while that is public: its tokens came from the JSON login, which has no client_id.
    private static async Task<(Client? Client, OAuthError? Refusal)> IdentifyAsync(
        HttpRequest http, OAuthForm form, ClientProof proof, Grants grants, MessageContext cause, CancellationToken ct)
    {
        var (client, refusal) = await proof.IdentifyAsync(http, form, cause, ct);
        client ??= refusal is null ? grants.FirstParty : null;
        return client is null ? (null, refusal ?? ClientProof.Unknown("client_id is missing.")) : (client, null);
    }
}

using Argosy.Chassis.Auditing;
using Argosy.Chassis.Hosting.Identity;
using Argosy.Chassis.Messaging;

namespace Argosy.Auth;

/// <summary>What a client gets for what it brings: one method for each grant of <c>/connect/token</c>.</summary>
internal sealed class Grants(Clients clients, AuthorizationCodes codes, Sessions sessions, AccessTokens tokens, AuditTally tally)
{
    /// <summary>The client of the JSON login, which names none; null where there is none, or it has to prove itself like any other.</summary>
    public Client? FirstParty => clients.Find(Client.FirstParty) is { IsPublic: true } client ? client : null;

    /// <summary>RFC 6749 §4.1.3 with RFC 7636 §4.5.</summary>
    public async Task<IResult> CodeAsync(Client client, OAuthForm form, MessageContext cause, CancellationToken ct)
    {
        if (form["code"] is not { } code || form["redirect_uri"] is not { } redirectUri || form["code_verifier"] is not { } verifier)
        {
            return new OAuthError("invalid_request", "A code is redeemed with code, redirect_uri and code_verifier.");
        }

        if (form["scope"] is not null)
        {
            return new OAuthError("invalid_request", "The scope was asked for with the code, and is not asked for again.");
        }

        if (!AuthorizationCodes.IsVerifier(verifier))
        {
            return new OAuthError("invalid_request", "code_verifier must be 43 to 128 letters, digits, '-', '.', '_' or '~'.");
        }

        return await codes.RedeemAsync(code, client.Id, redirectUri, verifier, cause, ct) is { Session: var session } redeemed
            ? new TokenAnswer(
                tokens.Issue(session), session.Scope, client.Uses(GrantType.RefreshToken) ? session.RefreshToken : null,
                Scope.Has(session.Scope, Scope.OpenId) ? tokens.Identify(redeemed) : null)
            : new OAuthError("invalid_grant", "The code is unknown, expired, was used before, or belongs to another client, redirect_uri or code_verifier.");
    }

    /// <summary>RFC 6749 §6. A narrower scope is the access token's; the session keeps its own, of which counts what the client may still have.</summary>
    public async Task<IResult> RefreshAsync(Client client, OAuthForm form, MessageContext cause, CancellationToken ct)
    {
        if (form["refresh_token"] is not { } token)
        {
            return new OAuthError("invalid_request", "refresh_token is missing.");
        }

        // Looked at before the token is spent: a scope that cannot be had must not cost the session.
        var most = (await sessions.StateAsync(token, ct))?.Scope is { } granted ? Scope.Split(granted).Intersect(client.Scopes, StringComparer.Ordinal).ToList() : client.Scopes;
        if (Scope.Narrow(most, form["scope"]) is not { Length: > 0 } scope)
        {
            return new OAuthError("invalid_scope", $"The scope is at most '{string.Join(' ', most)}'.");
        }

        return await sessions.RefreshAsync(token, client.Id, cause, ct) is { } session
            ? new TokenAnswer(tokens.Issue(session, scope), scope, session.RefreshToken)
            : new OAuthError("invalid_grant", "The refresh token is unknown, expired, revoked, of another client, or was used before.");
    }

    /// <summary>RFC 6749 §4.4: the client in its own name. Only one that has proved itself gets here.</summary>
    public IResult Credentials(Client client, OAuthForm form) => client.IsPublic
        ? new OAuthError("unauthorized_client", "A public client has nothing to prove itself by.")
        : client.Grant(form["scope"]) is { } scope
            ? Granted(client, scope)
            : new OAuthError("invalid_scope", $"Client {client.Id} may ask for '{string.Join(' ', client.Scopes)}'.");

    private TokenAnswer Granted(Client client, string scope)
    {
        tally.Count($"{Caller.ServicePrefix}{client.Id}", "client.login", client.Id, outcome: "done");
        return new TokenAnswer(tokens.Issue(client, scope), scope);
    }
}

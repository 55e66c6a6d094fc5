using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Argosy.Chassis.Hosting.Identity;

/// <summary>Bearer tokens of RFC 6750 from the <c>Authorization</c> header, and from nowhere else: a URL ends up in logs.</summary>
internal sealed class BearerHandler(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logs, UrlEncoder encoder, TokenCheck check)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logs, encoder)
{
    public const string Name = "Bearer";

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (NobodyAsksWho(Context.GetEndpoint()) || Request.Headers.Authorization.Count == 0)
        {
            return AuthenticateResult.NoResult();
        }

        var verdict = await check.CheckAsync(Request.Headers.Authorization, Context.RequestAborted);
        if (verdict.Caller is { } known && await IsRevokedAsync(known))
        {
            verdict = new TokenVerdict(null, known.IsByKey ? TokenFault.RevokedKey : TokenFault.Revoked);
        }

        return verdict.Caller is { } caller
            ? AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(new CallerIdentity(caller, Name)), Name))
            : AuthenticateResult.Fail(new TokenRefusedException(verdict.Fault));
    }

    protected override async Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        var refused = (await HandleAuthenticateOnceSafeAsync()).Failure as TokenRefusedException;
        if (refused?.Fault == TokenFault.NoKeys)
        {
            await AnswerAsync(Problem.Unavailable(
                "identity.unavailable", "Tokens cannot be checked yet; try again in a moment.", TimeSpan.FromSeconds(1)));
            return;
        }

        // An expired token is everyday life, and none at all is a question. The others nobody gets from us.
        if (refused is not (null or { Fault: TokenFault.Expired }))
        {
            Context.CountRefusal("token.refuse", refused.Fault.ToString());
        }

        var detail = refused?.Fault switch
        {
            null => "This needs an access token in the Authorization header.",
            TokenFault.Scheme => "The Authorization header must be 'Bearer' and an access token: no other scheme is taken here.",
            TokenFault.Expired => "The access token has expired.",
            TokenFault.Revoked => "The login that the access token belongs to has ended.",
            TokenFault.RevokedKey => "The API key was revoked, or its owner's account was closed.",
            _ => "The access token is not valid here.",
        };

        // RFC 6750 §3.1: no error code for a request that brought no token, or tried another scheme.
        Response.Headers.WWWAuthenticate = refused is null or { Fault: TokenFault.Scheme }
            ? """Bearer realm="argosy" """.TrimEnd()
            : $"""Bearer realm="argosy", error="invalid_token", error_description="{detail}" """.TrimEnd();
        await AnswerAsync(Problem.Unauthorized(refused is null ? "identity.required" : "identity.token", detail));
    }

    protected override Task HandleForbiddenAsync(AuthenticationProperties properties)
    {
        if (Caller.Of(Context) is { } caller && !caller.MayAsk(Request.Method))
        {
            // RFC 6750 §3.1.
            Response.Headers.WWWAuthenticate = $"""Bearer realm="argosy", error="insufficient_scope", scope="{IdentityOptions.ApiScope}" """.TrimEnd();
            return AnswerAsync(Problem.Forbidden("identity.scope", caller.Scopes.Contains(IdentityOptions.ReadScope)
                ? $"The {(caller.IsByKey ? "API key" : "access token")} is for reading only: its scope lacks '{IdentityOptions.ApiScope}'."
                : $"The access token is not for the API: its scope lacks '{IdentityOptions.ApiScope}'."));
        }

        if (Caller.Of(Context) is { IsByKey: true } && RefusesKeys.At(Context))
        {
            return AnswerAsync(Problem.Forbidden("api-key.not-by-key", "This takes somebody who has logged in: an API key may not do it."));
        }

        // The same account may do it after a login, so that this is 401 and not 403. A program in its own name never may.
        if (Caller.Of(Context) is { IsService: false } user && RecentLogin.IsMissing(Context, user))
        {
            Response.Headers.WWWAuthenticate = RecentLogin.Challenge;
            return AnswerAsync(RecentLogin.Problem);
        }

        return AnswerAsync(Problem.Forbidden("identity.forbidden", "Your account may not do this."));
    }

    private async ValueTask<bool> IsRevokedAsync(Caller caller) =>
        (!(HttpMethods.IsGet(Request.Method) || HttpMethods.IsHead(Request.Method)) || Context.GetEndpoint()?.Metadata.GetMetadata<RefusesRevoked>() is not null)
        && await Context.RequestServices.GetRequiredService<DenyList>().DeniesAsync(caller, Context.RequestAborted);

    private Task AnswerAsync(Problem problem) => ProblemAnswers.WriteAsync(Context, problem);

    // Routes open to anybody whose handler does not look at the caller: no token is even read there (the bus brings its own kind).
    private static bool NobodyAsksWho(Endpoint? endpoint) => endpoint is not RouteEndpoint
        || (endpoint.Metadata.GetMetadata<IAllowAnonymous>() is not null && endpoint.Metadata.GetMetadata<LooksAtCaller>() is null);
}

/// <summary>Carries the reason from the check to the challenge. Never thrown.</summary>
internal sealed class TokenRefusedException(TokenFault fault) : Exception($"The token was refused: {fault}.")
{
    public TokenFault Fault { get; } = fault;
}

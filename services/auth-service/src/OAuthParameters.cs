using System.ComponentModel;
using System.Text.Json.Serialization;
using Argosy.Chassis.Hosting;

namespace Argosy.Auth;

// What the OAuth endpoints take, for the API's document: they read it as an OAuthForm, which refuses what is there twice.

/// <summary>RFC 6749 §4.1.1, RFC 7636 §4.3, OpenID Connect Core §3.1.2.1.</summary>
internal sealed record AuthorizeParameters(
    [property: JsonPropertyName("client_id"), Description("A client that is registered.")] string ClientId,
    [property: JsonPropertyName("redirect_uri"), Description("Exactly as registered; the port of a loopback address may differ.")] string RedirectUri,
    [property: JsonPropertyName("response_type"), Description("`code`.")] string ResponseType,
    [property: JsonPropertyName("code_challenge"), Description("SHA-256 of the code verifier in base64url.")] string CodeChallenge,
    [property: JsonPropertyName("code_challenge_method"), Description("`S256`.")] string CodeChallengeMethod,
    [property: JsonPropertyName("scope"), Description("Of `openid`, `email` and `api`; without it, all that the client may have.")] string? Scope = null,
    [property: JsonPropertyName("state"), Description("Comes back as it is.")] string? State = null,
    [property: JsonPropertyName("nonce"), Description("Comes back in the ID token.")] string? Nonce = null,
    [property: JsonPropertyName("prompt"), Description("`login`, or `none`, which is refused: there is no session with the browser.")] string? Prompt = null,
    [property: JsonPropertyName("login_hint"), Description("The e-mail address to begin with.")] string? LoginHint = null);

internal sealed record AuthorizeForm(
    [property: JsonPropertyName("client_id")] string ClientId,
    [property: JsonPropertyName("redirect_uri")] string RedirectUri,
    [property: JsonPropertyName("response_type")] string ResponseType,
    [property: JsonPropertyName("code_challenge")] string CodeChallenge,
    [property: JsonPropertyName("code_challenge_method")] string CodeChallengeMethod,
    [property: JsonPropertyName("email")] string Email,
    [property: JsonPropertyName("password")] string Password,
    [property: JsonPropertyName("scope")] string? Scope = null,
    [property: JsonPropertyName("state")] string? State = null,
    [property: JsonPropertyName("nonce")] string? Nonce = null) : IExample<AuthorizeForm>
{
    public static AuthorizeForm Example { get; } = new(
        "argosy", "http://127.0.0.1/callback", "code", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "S256", "ada@example.com", "correct horse battery staple", "openid api");
}

/// <summary>RFC 6749 §4.1.3, §4.4.2 and §6; RFC 7523 §2.2.</summary>
internal sealed record TokenForm(
    [property: JsonPropertyName("grant_type"), Description("`authorization_code`, `refresh_token` or `client_credentials`.")] string GrantType,
    [property: JsonPropertyName("client_id")] string? ClientId = null,
    [property: JsonPropertyName("code")] string? Code = null,
    [property: JsonPropertyName("redirect_uri")] string? RedirectUri = null,
    [property: JsonPropertyName("code_verifier")] string? CodeVerifier = null,
    [property: JsonPropertyName("refresh_token")] string? RefreshToken = null,
    [property: JsonPropertyName("scope")] string? Scope = null,
    [property: JsonPropertyName("client_assertion_type")] string? AssertionType = null,
    [property: JsonPropertyName("client_assertion"), Description("A JWT signed with the client's own key.")] string? Assertion = null) : IExample<TokenForm>
{
    public static TokenForm Example { get; } = new("refresh_token", "argosy", RefreshToken: "q0Zt5cT1yJ8");
}

/// <summary>RFC 7009 §2.1, RFC 7662 §2.1.</summary>
internal sealed record PresentedTokenForm(
    [property: JsonPropertyName("token")] string Token,
    [property: JsonPropertyName("token_type_hint")] string? TypeHint = null,
    [property: JsonPropertyName("client_id")] string? ClientId = null,
    [property: JsonPropertyName("client_assertion_type")] string? AssertionType = null,
    [property: JsonPropertyName("client_assertion")] string? Assertion = null) : IExample<PresentedTokenForm>
{
    public static PresentedTokenForm Example { get; } = new("q0Zt5cT1yJ8", ClientId: "argosy");
}

using System.Text.Json.Serialization;
using Argosy.Chassis.Hosting;

namespace Argosy.Auth;

/// <summary>Tokens, as RFC 6749 §5.1 spells them, and never to be kept by anything on the way.</summary>
internal sealed class TokenAnswer(string accessToken, string scope, string? refreshToken = null, string? idToken = null, TimeSpan? lifetime = null) : IResult
{
    public Task ExecuteAsync(HttpContext httpContext)
    {
        httpContext.Response.Headers.CacheControl = "no-store";
        httpContext.Response.Headers.Pragma = "no-cache";
        return httpContext.Response.WriteAsJsonAsync(
            new Tokens(accessToken, "Bearer", (long)(lifetime ?? AccessTokens.Lifetime).TotalSeconds, scope, refreshToken, idToken),
            StrictJson.Options, httpContext.RequestAborted);
    }
}

internal sealed record Tokens(
    [property: JsonPropertyName("access_token")] string AccessToken,
    [property: JsonPropertyName("token_type")] string TokenType,
    [property: JsonPropertyName("expires_in")] long ExpiresIn,
    [property: JsonPropertyName("scope")] string Scope,
    [property: JsonPropertyName("refresh_token")] string? RefreshToken,
    [property: JsonPropertyName("id_token")] string? IdToken) : IExample<Tokens>
{
    public static Tokens Example { get; } = new("eyJhbGciOiJSUzI1NiIsInR5cCI6ImF0K2p3dCJ9.e30.c2ln", "Bearer", (long)AccessTokens.Lifetime.TotalSeconds, "api", "q0Zt5cT1yJ8", null);
}

/// <summary>A refusal as RFC 6749 §5.2 spells it; OAuth clients know no problem details.</summary>
/// <remarks>
/// 400, but for whoever tried an Authorization header: to them it has to be 401 with a challenge of its scheme, though none is taken here. To
/// others a 401 would offer what does not work, for assertions come in the body and are no scheme of HTTP.
/// </remarks>
internal sealed class OAuthError(string error, string description) : IResult
{
    public string Error => error;

    public Task ExecuteAsync(HttpContext httpContext)
    {
        httpContext.Response.StatusCode = StatusCodes.Status400BadRequest;
        httpContext.Response.Headers.CacheControl = "no-store";
        httpContext.Response.Headers.Pragma = "no-cache";
        if (error == ClientProof.InvalidClient && httpContext.Request.Headers.Authorization.Count > 0)
        {
            httpContext.Response.StatusCode = StatusCodes.Status401Unauthorized;
            httpContext.Response.Headers.WWWAuthenticate = "Basic realm=\"argosy\"";
        }

        return httpContext.Response.WriteAsJsonAsync(new OAuthRefusal(error, description), StrictJson.Options, httpContext.RequestAborted);
    }
}

internal sealed record OAuthRefusal(
    [property: JsonPropertyName("error")] string Error,
    [property: JsonPropertyName("error_description")] string? Description = null) : IExample<OAuthRefusal>
{
    public static OAuthRefusal Example { get; } = new("invalid_request", "grant_type is missing.");
}

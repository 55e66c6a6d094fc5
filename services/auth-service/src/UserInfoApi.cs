using System.Text.Json.Serialization;
using Argosy.Chassis.Hosting;
using Argosy.Chassis.Hosting.Identity;
using Argosy.Chassis.Store;

namespace Argosy.Auth;

/// <summary><c>/connect/userinfo</c> (OpenID Connect Core §5.3): who the token's user is, as far as its scope goes.</summary>
internal static class UserInfoApi
{
    public static void MapUserInfo(this IEndpointRouteBuilder routes) =>
        routes.MapMethods("/connect/userinfo", [HttpMethods.Get, HttpMethods.Post], TellAsync).WithAnyScope()
            .WithSummary("Say who the token's user is (OpenID Connect Core §5.3)").Answers<UserInfo>(200, "As far as the token's scope goes.")
            .Answers<OAuthRefusal>(401, "The session has ended, or there is no good token.").Answers<OAuthRefusal>(403, "The scope lacks `openid`.");

    private static async Task<IResult> TellAsync(Caller caller, Sessions sessions, IStore store, HttpResponse response, CancellationToken ct)
    {
        response.Headers.CacheControl = "no-store";
        if (!caller.Scopes.Contains(Scope.OpenId))
        {
            // RFC 6750 §3.1.
            var lacks = $"The access token's scope lacks '{Scope.OpenId}': log in again for a token that has it.";
            response.Headers.WWWAuthenticate = $"""Bearer realm="argosy", error="insufficient_scope", error_description="{lacks}", scope="{Scope.OpenId}" """.TrimEnd();
            return Results.Json(new OAuthRefusal("insufficient_scope", lacks), StrictJson.Options, statusCode: StatusCodes.Status403Forbidden);
        }

        var email = await sessions.GoesOnAsync(caller.SessionId, ct)
            ? await store.FirstOrDefaultAsync<string>("select email from accounts where id = @Id", new { caller.Id }, ct)
            : null;
        if (email is null)
        {
            response.Headers.WWWAuthenticate = """Bearer realm="argosy", error="invalid_token", error_description="The session has ended." """.TrimEnd();
            return Results.Json(new OAuthRefusal("invalid_token", "The session has ended."), StrictJson.Options, statusCode: StatusCodes.Status401Unauthorized);
        }

        return Results.Json(new UserInfo(caller.Id, caller.Scopes.Contains(Scope.Email) ? email : null), StrictJson.Options);
    }

    private sealed record UserInfo([property: JsonPropertyName("sub")] string Subject, [property: JsonPropertyName("email")] string? Email) : IExample<UserInfo>
    {
        public static UserInfo Example { get; } = new("0195946a-0f66-7a10-8c1d-0d7b4c1f3a52", "ada@example.com");
    }
}

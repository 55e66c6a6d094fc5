using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Argosy.Chassis.Hosting.Identity;

/// <summary>
/// On the metadata of routes that take somebody who has just proved who they are (RFC 9470): what cannot be undone needs more than a token,
/// which may have been taken from its owner.
/// </summary>
internal sealed class RecentLogin
{
    private const string Detail = "This takes somebody who has logged in within the last 5 minutes: log in again and repeat it with the new access token.";

    /// <summary>How long ago the login may be, refreshed since or not.</summary>
    public static readonly TimeSpan Within = TimeSpan.FromMinutes(5);

    public static RecentLogin Mark { get; } = new();

    /// <summary>RFC 9470, 3: the client asks its user again, and finds here how long ago that may be.</summary>
    public static string Challenge { get; } = string.Create(
        CultureInfo.InvariantCulture, $"Bearer realm=\"argosy\", error=\"insufficient_user_authentication\", error_description=\"{Detail}\", max_age=\"{Within.TotalSeconds:0}\"");

    public static Problem Problem { get; } = Problem.Unauthorized("identity.login-too-old", Detail);

    public static bool IsMissing(HttpContext context, Caller caller) =>
        context.GetEndpoint()?.Metadata.GetMetadata<RecentLogin>() is not null
        && !(caller.Authenticated is { } at && context.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow() - at <= Within + TokenCheck.ClockSkew);
}

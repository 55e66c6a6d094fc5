using System.Reflection;
using System.Security.Claims;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;

namespace Argosy.Chassis.Hosting.Identity;

/// <summary>Who is asking: what a validated access token says of them. A handler takes it as a parameter.</summary>
/// <remarks>
/// On a route that allows anonymous callers a handler may take <c>Caller?</c>: it is null without a token, and also with one that
/// is not valid, since such a route owes its answer to anybody.
/// </remarks>
/// <param name="Id">The account (claim <c>sub</c>).</param>
/// <param name="IsAdmin">Whether the claim <c>roles</c> has <c>admin</c>.</param>
/// <param name="SessionId">The login that the token belongs to (claim <c>sid</c>); empty for a token without one.</param>
/// <param name="Scopes">What the token is good for (claim <c>scope</c>).</param>
public sealed record Caller(string Id, bool IsAdmin, string SessionId, IReadOnlySet<string> Scopes) : IEndpointParameterMetadataProvider
{
    internal const string AdminRole = "admin";

    /// <summary>What the subject of a program in its own name begins with; no account's id does.</summary>
    public const string ServicePrefix = "svc:";

    /// <summary>What the client of a token begins with that was given for an API key; the key's prefix follows. No configured client's id does.</summary>
    public const string KeyPrefix = "key:";

    /// <summary>The token itself (claim <c>jti</c>).</summary>
    public string TokenId { get; init; } = "";

    /// <summary>Whom it was given to (claim <c>client_id</c>).</summary>
    public string ClientId { get; init; } = "";

    /// <summary>When the user proved who they are (claim <c>auth_time</c>), however often the token was renewed since; null where nobody has logged in.</summary>
    public DateTimeOffset? Authenticated { get; init; }

    /// <summary>When the token is good no longer (claim <c>exp</c>): what lasts longer than a request, such as a stream, ends with it.</summary>
    public DateTimeOffset Expires { get; init; } = DateTimeOffset.MaxValue;

    /// <summary>A machine with one of the user's API keys, and not the user who logged in.</summary>
    public bool IsByKey => ClientId.StartsWith(KeyPrefix, StringComparison.Ordinal);

    /// <summary>A program in its own name (client credentials), and no user.</summary>
    public bool IsService => Id.StartsWith(ServicePrefix, StringComparison.Ordinal);

    /// <summary>Whether the token is good for the API, and not only for telling who its user is.</summary>
    public bool IsForApi => Scopes.Contains(IdentityOptions.ApiScope);

    /// <summary>Whether the token is good for a request of this method: with <see cref="IdentityOptions.ReadScope"/> alone, for GET and HEAD.</summary>
    public bool MayAsk(string method) =>
        IsForApi || (Scopes.Contains(IdentityOptions.ReadScope) && (HttpMethods.IsGet(method) || HttpMethods.IsHead(method)));

    /// <summary>The caller of a request that passed authentication, else null.</summary>
    public static Caller? Of(HttpContext context) => (context.User.Identity as CallerIdentity)?.Caller;

    /// <summary>Called by ASP.NET Core to fill a handler's parameter.</summary>
    public static ValueTask<Caller?> BindAsync(HttpContext context) => ValueTask.FromResult(Of(context));

    /// <summary>Called by ASP.NET Core once per route: marks those that look at the caller even where nobody has to be one.</summary>
    public static void PopulateMetadata(ParameterInfo parameter, EndpointBuilder builder) => builder.Metadata.Add(LooksAtCaller.Mark);

    /// <summary>Whether a thing of <paramref name="ownerId"/> may be shown to this caller; if not, it does not exist for them (404).</summary>
    public bool MaySee(string ownerId) => IsAdmin || string.Equals(Id, ownerId, StringComparison.Ordinal);
}

/// <summary>On the metadata of routes whose handler takes a <see cref="Caller"/>.</summary>
internal sealed class LooksAtCaller
{
    public static LooksAtCaller Mark { get; } = new();
}

/// <summary>Carries the caller through ASP.NET Core, and its role to whoever asks in the framework's way.</summary>
internal sealed class CallerIdentity : ClaimsIdentity
{
    public CallerIdentity(Caller caller, string scheme) : base(scheme, SubjectClaim, RoleClaim)
    {
        Caller = caller;
        AddClaim(new Claim(SubjectClaim, caller.Id));
        if (caller.IsAdmin)
        {
            AddClaim(new Claim(RoleClaim, Caller.AdminRole));
        }
    }

    private const string SubjectClaim = "sub";
    private const string RoleClaim = "roles";

    public Caller Caller { get; }
}

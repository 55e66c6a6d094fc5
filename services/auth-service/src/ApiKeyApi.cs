using Argosy.Chassis;
using Argosy.Chassis.Auditing;
using Argosy.Chassis.Hosting;
using Argosy.Chassis.Hosting.Identity;
using Argosy.Chassis.Store;

namespace Argosy.Auth;

/// <summary>People's own API keys, and what the gateway gets for one.</summary>
internal static class ApiKeyApi
{
    private const int MostDays = 365;
    private const int UsualDays = 90;

    private static readonly Problem Unknown = Problem.NotFound("api-key.unknown", "You have no such API key that is good.");

    private static readonly Problem TooMany = Problem.Conflict("api-key.too-many", $"You have {ApiKeys.MostOpen} API keys, and more there are not: delete one.");

    private static readonly Problem WrongPassword = Problem.Unprocessable("api-key.password", "The password is not right.");

    private static readonly Problem NoKey = Problem.Unauthorized("api-key.refused", "The API key is unknown, has expired or was revoked.");

    public static void MapApiKeys(this IEndpointRouteBuilder routes)
    {
        var keys = routes.MapGroup("/api/v1/auth/api-keys").RefuseRevoked();
        keys.MapGet("/", ListAsync)
            .WithSummary("List one's own API keys").Answers<KeyList>(200, "Those that are good, by what they begin with; the keys themselves nobody has.");
        keys.MapDelete("/{id}", RevokeAsync).RefuseKeys()
            .WithSummary("Revoke an API key of one's own").Answers(204, "It opens nothing more, but for reading, which ends within 10 minutes.");

        // Not .Writes(): that keeps answers for repeats, and this answer is a secret.
        keys.MapPost("/", MakeAsync).RefuseKeys()
            .WithSummary("Make an API key").Answers<KeyAnswer>(201, "The key, which is told this once.").Refuses(404, 409);

        // For the gateway: no public route leads here, and without a key that is good there is nothing to get.
        routes.MapPost(ApiKey.TokenPath, TokenAsync).AllowAnonymous()
            .WithSummary("Get an access token for an API key; for the gateway").TakesForm<KeyForm>().Answers<Tokens>(200, "A token of the key's owner.").Refuses(401);
    }

    /// <summary>
    /// 201 with the key, which is told this once. Needs the password, which is a guess like any other: a key outlives the session that
    /// makes it and a new password, so it takes more than a stolen access token.
    /// </summary>
    private static async Task<IResult> MakeAsync(
        MakeKey request, Caller caller, ApiKeys keys, SignIn signIn, IStore store, WriteSet work, HttpResponse response, CancellationToken ct)
    {
        var (scope, days) = (request.Scope ?? Scope.Api, request.ExpiresInDays ?? UsualDays);
        var check = new Validation();
        check.Text(request.Name, "name", max: 100);
        check.That(scope is Scope.Api or Scope.ApiRead, "scope", $"must be {Scope.Api} or {Scope.ApiRead}");
        check.That(days is >= 1 and <= MostDays, "expiresInDays", $"must be from 1 to {MostDays}");
        if (check.Problem is { } invalid)
        {
            return invalid.ToResult();
        }

        if (await store.FirstOrDefaultAsync<string>("select email from accounts where id = @Id", new { caller.Id }, ct) is not { } email)
        {
            return Account.Unknown.ToResult();
        }

        // Before the password: a right one that gets nothing would be left counted as a guess.
        if ((await keys.OfAsync(caller.Id, ct)).Count >= ApiKeys.MostOpen)
        {
            return TooMany.ToResult();
        }

        var owner = await signIn.TryAsync(email, request.Password, work.Context, ct);
        if (owner.Problem is { } refusal)
        {
            return (refusal.Status == StatusCodes.Status401Unauthorized ? WrongPassword : refusal).ToResult();      // the token is good
        }

        if (await keys.MakeAsync(owner, request.Name.Trim(), scope, TimeSpan.FromDays(days), work.Context, ct) is not { } made)
        {
            return TooMany.ToResult();
        }

        response.Headers.CacheControl = "no-store";
        response.Headers.Location = "/api/v1/auth/api-keys";        // among the others: a key has no page of its own
        var row = made.Row;
        return Results.Json(
            new KeyAnswer(row.Id, made.Key.Text, row.Prefix, row.Name, row.Scope, At(row.Created), At(row.Expires)), StrictJson.Options, statusCode: StatusCodes.Status201Created);
    }

    private static async Task<IResult> ListAsync(Caller caller, ApiKeys keys, CancellationToken ct)
    {
        var open = await keys.OfAsync(caller.Id, ct);
        return Results.Json(
            new KeyList([.. open.Select(key => new KeyView(key.Id, key.Prefix, key.Name, key.Scope, At(key.Created), At(key.Expires)))]), StrictJson.Options);
    }

    private static async Task<IResult> RevokeAsync(string id, Caller caller, ApiKeys keys, WriteSet work, CancellationToken ct) =>
        await keys.RevokeAsync(id, caller.Id, work.Context, ct) ? Results.NoContent() : Unknown.ToResult();

    /// <summary>A form with <c>key</c>; the token does not outlive the key.</summary>
    private static async Task<IResult> TokenAsync(HttpRequest http, ApiKeys keys, AccessTokens tokens, AuditTally tally, TimeProvider time, CancellationToken ct)
    {
        var (form, fault) = await OAuthForm.ReadAsync(http, ct);
        if (form?["key"] is not { } text)
        {
            return Problem.Invalid("api-key.form", fault ?? "key is missing.").ToResult();
        }

        if (await keys.FindAsync(text, ct) is not { } key)
        {
            http.HttpContext.CountRefusal("api-key.refuse", NoKey.Code);
            http.HttpContext.Response.Headers.WWWAuthenticate = "Bearer realm=\"argosy\"";   // RFC 9110 §15.5.2 wants one with every 401
            return NoKey.ToResult();
        }

        tally.Count(key.Account, "api-key.use", key.Id, key.Prefix, "done");
        var left = key.Expires - time.GetUtcNow();
        var lifetime = left < AccessTokens.Lifetime ? left : AccessTokens.Lifetime;
        return new TokenAnswer(tokens.Issue(key, lifetime), key.Scope, lifetime: lifetime);
    }

    private static DateTimeOffset At(long milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);

}

internal sealed record KeyForm(string Key) : IExample<KeyForm>
{
    public static KeyForm Example { get; } = new(KeyAnswer.Example.Key);
}

internal sealed record MakeKey(string Name, string Password, string? Scope = null, int? ExpiresInDays = null) : IExample<MakeKey>
{
    public static MakeKey Example { get; } = new("robot", "correct horse battery staple", "api.read", 30);
}

internal sealed record KeyAnswer(string Id, string Key, string Prefix, string Name, string Scope, DateTimeOffset Created, DateTimeOffset Expires) : IExample<KeyAnswer>
{
    public static KeyAnswer Example { get; } = new(
        KeyView.Example.Id, "argosy_4f7k2m9x_Zm9yIHRoZSBkb2N1bWVudCBvbmx5LCBvcGVucyBubw", KeyView.Example.Prefix, KeyView.Example.Name, KeyView.Example.Scope, KeyView.Example.Created, KeyView.Example.Expires);
}

internal sealed record KeyList(IReadOnlyList<KeyView> Items) : IExample<KeyList>
{
    public static KeyList Example { get; } = new([KeyView.Example]);
}

internal sealed record KeyView(string Id, string Prefix, string Name, string Scope, DateTimeOffset Created, DateTimeOffset Expires) : IExample<KeyView>
{
    public static KeyView Example { get; } = new(
        "0195946a-4c11-7c55-b1f0-3f8c2d6e9a01", "4f7k2m9x", "robot", "api.read", new DateTimeOffset(2026, 3, 14, 9, 26, 53, TimeSpan.Zero), new DateTimeOffset(2026, 4, 13, 9, 26, 53, TimeSpan.Zero));
}

using Argosy.Chassis;
using Argosy.Chassis.Hosting;
using Argosy.Chassis.Hosting.Identity;
using Argosy.Chassis.Store;

namespace Argosy.Auth;

/// <summary>What people do with their own account: see where they are logged in, end that, change the password.</summary>
internal static class SessionApi
{
    private static readonly Problem Unknown = Problem.NotFound("session.unknown", "You have no such session that goes on.");

    public static void MapSessions(this IEndpointRouteBuilder routes)
    {
        var auth = routes.MapGroup("/api/v1/auth").RefuseRevoked();
        auth.MapGet("/sessions", ListAsync)
            .WithSummary("List where one is logged in").Answers<SessionList>(200, "The sessions that go on.");
        auth.MapDelete("/sessions/{id}", EndAsync).RefuseKeys()
            .WithSummary("End a session of one's own").Answers(204, "It has ended: an access token of it changes nothing more as soon as services have heard, and reads for 10 minutes at most.");

        // Not .Writes(): that keeps a hash of the body, and there is a password in it.
        auth.MapPost("/password", ChangePasswordAsync).RefuseKeys()
            .WithSummary("Change the password").Answers(204, "Changed; every other session has ended.").Refuses(404, 409);
    }

    private static async Task<IResult> ListAsync(Caller caller, Sessions sessions, CancellationToken ct)
    {
        var open = await sessions.OfAsync(caller.Id, ct);
        return Results.Json(new SessionList([.. open.Select(session => new SessionView(
            session.Id, session.Client, session.Scope, At(session.Authenticated), At(session.Seen), At(session.Expires), session.Id == caller.SessionId))]), StrictJson.Options);
    }

    private static async Task<IResult> EndAsync(string id, Caller caller, Sessions sessions, WriteSet work, CancellationToken ct) =>
        await sessions.EndAsync(id, caller.Id, work.Context, ct) ? Results.NoContent() : Unknown.ToResult();

    /// <summary>Needs the old password, which is a guess like any other; ends every other session: whoever knew the old one is out. API keys
    /// stay: machines would stop in the middle of the night, and whoever made one sees it in the list.</summary>
    private static async Task<IResult> ChangePasswordAsync(
        ChangePassword request, Caller caller, SignIn signIn, Passwords passwords, Sessions sessions, IStore store, WriteSet work, CancellationToken ct)
    {
        if (await store.FirstOrDefaultAsync<string>("select email from accounts where id = @Id", new { caller.Id }, ct) is not { } email)
        {
            return Account.Unknown.ToResult();
        }

        if (PasswordPolicy.Fault(request.NewPassword, email) is { } fault)
        {
            return Problem.Invalid(new Dictionary<string, string[]>(StringComparer.Ordinal) { ["newPassword"] = [fault] }).ToResult();
        }

        var result = await signIn.TryAsync(email, request.OldPassword, work.Context, ct);
        if (result.Account is not { } account)
        {
            // Not 401: the token is good, and a client must not throw it away.
            return (result.Problem!.Status == StatusCodes.Status401Unauthorized ? Problem.Unprocessable("auth.old-password", "The old password is not right.") : result.Problem).ToResult();
        }

        using var place = await passwords.EnterAsync(ct);
        if (place is null)
        {
            return Passwords.Busy.ToResult();
        }

        SignIn.Complete(result with { NewHash = await place.HashAsync(request.NewPassword) }, work);
        work.Audit(account.Id, "password.change", account.Id);
        await sessions.EndOthersAsync(account.Id, caller.SessionId, work, ct);
        var outcome = await store.CommitAsync(work, ct);
        if (outcome.Result == CommitResult.Conflict)
        {
            return Problem.Conflict("auth.contention", "The account was changed at the same time: ask again.").ToResult();
        }

        outcome.Ensure();
        return Results.NoContent();
    }

    private static DateTimeOffset At(long milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);

    private sealed record SessionList(IReadOnlyList<SessionView> Items) : IExample<SessionList>
    {
        private static readonly DateTimeOffset At = new(2026, 3, 14, 9, 26, 53, TimeSpan.Zero);

        public static SessionList Example { get; } = new([new SessionView("0195946a-2d0e-7b7c-9a44-5f1e8b3c7d20", "argosy", "api", At, At.AddHours(1), At.AddDays(30), Current: true)]);
    }

    private sealed record SessionView(string Id, string Client, string Scope, DateTimeOffset LoggedIn, DateTimeOffset LastUsed, DateTimeOffset Ends, bool Current);

    private sealed record ChangePassword(string OldPassword, string NewPassword) : IExample<ChangePassword>
    {
        public static ChangePassword Example { get; } = new("correct horse battery staple", "a sentence nobody guesses");
    }
}

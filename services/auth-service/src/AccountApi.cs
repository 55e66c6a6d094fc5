using Argosy.Chassis;
using Argosy.Chassis.Hosting;
using Argosy.Chassis.Store;
using Argosy.Contracts.Auth.V1;

namespace Argosy.Auth;

/// <summary>Getting an account, and logging in to it.</summary>
internal static class AccountApi
{
    public static void MapAccounts(this IEndpointRouteBuilder routes)
    {
        var auth = routes.MapGroup("/api/v1/auth").AllowAnonymous();
        auth.MapPost("/register", RegisterAsync).Writes(Idempotency.Ignored)
            .WithSummary("Open an account").Answers<RegisterAnswer>(201, "The account; log in to it.");

        // First-party, and not OAuth (docs/decisions/0022-oauth.md): other programs send people to /connect/authorize.
        // Not .Writes(): that keeps answers for repeats, and this answer is a secret. A repeated login is another session.
        auth.MapPost("/login", LoginAsync)
            .WithSummary("Log in, in a program of Argosy's own (first-party; other programs use /connect/authorize)").Answers<Tokens>(200, "Tokens of a new session.").Refuses(401);
    }

    /// <summary>
    /// 201 with the account's id, 409 where the address is taken. Telling so is a choice (docs/decisions/0020-accounts-and-sessions.md):
    /// only a mail to the address could keep it secret, and an answer that pretends would leave people with a password that does not work.
    /// It costs whoever asks a hash, like everything that tells about accounts.
    /// </summary>
    private static async Task<IResult> RegisterAsync(
        RegisterRequest request, IStore store, Passwords passwords, WriteSet work, TimeProvider time, CancellationToken ct)
    {
        var check = new Validation();
        var email = EmailAddress.Normalise(request.Email);
        check.Text(request.Name, "name", max: 100);
        if (check.That(email is not null, "email", EmailAddress.Expected) && PasswordPolicy.Fault(request.Password, email!) is { } fault)
        {
            check.That(valid: false, "password", fault);
        }

        if (check.Problem is { } invalid)
        {
            return invalid.ToResult();
        }

        using var place = await passwords.EnterAsync(ct);
        if (place is null)
        {
            return Passwords.Busy.ToResult();
        }

        // Hashed before looking, so that both answers take as long.
        var account = new Account(Ids.New(time), email!, await place.HashAsync(request.Password), Account.Customer);
        if (await store.FirstOrDefaultAsync<Account>(Account.ByEmail, new { email }, ct) is not null)
        {
            return Problem.Conflict("auth.email-taken", "There is an account with this e-mail address; log in instead.").ToResult();
        }

        Add(account, request.Name.Trim(), work);
        return Results.Created($"/api/v1/users/{account.Id}", new RegisterAnswer(account.Id));
    }

    /// <summary>Adds an account and says so; if the address was taken meanwhile, the set is in conflict.</summary>
    public static void Add(Account account, string name, WriteSet work)
    {
        work.Execute(Account.Insert, new { account.Id, account.Email, account.Password, account.Role, now = work.NowMilliseconds }, rows: 1);
        work.Audit(account.Id, "account.register", account.Id, account.Role);
        work.Publish(new UserRegistered { UserId = account.Id, Email = account.Email, Name = name });
    }

    private static async Task<IResult> LoginAsync(
        LoginRequest request, SignIn signIn, Sessions sessions, AccessTokens tokens, WriteSet cause, HttpResponse response, CancellationToken ct)
    {
        // What is no address has no account; nothing is told by saying so at once.
        var (answer, refusal) = EmailAddress.Normalise(request.Email) is { } email
            ? await signIn.LogInAsync(email, request.Password, cause.Context, BeginAsync, ct)
            : (null, SignIn.Wrong);
        if (answer is not null)
        {
            return answer;
        }

        response.Headers.WWWAuthenticate = "Bearer realm=\"argosy\"";   // RFC 9110 §15.5.2 wants one with every 401
        return refusal!.ToResult();

        async Task<IResult> BeginAsync(Account account, WriteSet work)
        {
            var session = await sessions.BeginAsync(account.Id, account.Role, Client.FirstParty, Scope.Api, work.Now, work, ct);
            return new TokenAnswer(tokens.Issue(session), session.Scope, session.RefreshToken);
        }
    }

    private sealed record RegisterRequest(string Email, string Password, string Name) : IExample<RegisterRequest>
    {
        public static RegisterRequest Example { get; } = new("ada@example.com", "correct horse battery staple", "Ada Lovelace");
    }

    private sealed record RegisterAnswer(string UserId) : IExample<RegisterAnswer>
    {
        public static RegisterAnswer Example { get; } = new("0195946a-0f66-7a10-8c1d-0d7b4c1f3a52");
    }

    private sealed record LoginRequest(string Email, string Password) : IExample<LoginRequest>
    {
        public static LoginRequest Example { get; } = new("ada@example.com", "correct horse battery staple");
    }
}

using System.Security.Cryptography;
using System.Text;
using Argosy.Chassis;
using Argosy.Chassis.Auditing;
using Argosy.Chassis.Messaging;
using Argosy.Chassis.Store;

namespace Argosy.Auth;

/// <summary>Who proved to be who, and what the commit of their login has to bring along; or why not.</summary>
/// <param name="Account">Null if refused.</param>
/// <param name="Problem">Null unless refused.</param>
/// <param name="NewHash">The password hashed anew, where the stored hash is of older days.</param>
internal sealed record SignInResult(Account? Account, Problem? Problem, string? NewHash = null)
{
    public static implicit operator SignInResult(Problem problem) => new(null, problem);
}

/// <summary>The one place where a password is compared, for every way to log in, so that no way around the delays exists.</summary>
/// <remarks>
/// 1. Refuse while the address is blocked. 2. Wait for a place to hash. 3. Count the guess as failed, and commit that, before it is
/// tried: a hundred guesses at once are then counted like a hundred in a row. 4. Compare; an unknown address costs the same.
/// 5. Success forgets the count, in the commit of the login (<see cref="Complete"/>); whatever is refused is counted for the audit trail.
/// </remarks>
internal sealed class SignIn(IStore store, Passwords passwords, AuditTally tally, TimeProvider time)
{
    private const int MaxConflicts = 10;
    private const int MaxChanges = 3;

    public static readonly Problem Wrong = Problem.Unauthorized("auth.credentials", "The e-mail address or the password is wrong.");

    /// <param name="email">Normalised.</param>
    /// <param name="password">As typed.</param>
    /// <param name="cause">The request.</param>
    /// <param name="ct">Ends the wait; a comparison that has begun runs to its end.</param>
    public async Task<SignInResult> TryAsync(string email, string password, MessageContext cause, CancellationToken ct)
    {
        var subject = SubjectOf(email);
        var result = await TryAsync(subject, email, password, cause, ct);
        if (result.Problem is { Status: var status, Code: var why } && result.Problem != Passwords.Busy)
        {
            tally.Count(subject, status == StatusCodes.Status429TooManyRequests ? "login.block" : "login.fail", subject, why);
        }

        return result;
    }

    private async Task<SignInResult> TryAsync(string subject, string email, string password, MessageContext cause, CancellationToken ct)
    {
        if (Guesses.Blocked(await ReadAsync(subject, ct), time.GetUtcNow()) is { } blocked)
        {
            return blocked;
        }

        using var place = await passwords.EnterAsync(ct);
        if (place is null)
        {
            return Passwords.Busy;
        }

        if (await CountAsync(subject, cause, ct) is { } refusal)
        {
            return refusal;
        }

        var account = await store.FirstOrDefaultAsync<Account>(Account.ByEmail, new { email }, ct);
        return await place.VerifyAsync(account, password) switch
        {
            PasswordVerdict.Right => new SignInResult(account, null),
            PasswordVerdict.RightButStale => new SignInResult(account, null, await place.HashAsync(password)),
            _ => Wrong,
        };
    }

    /// <summary>
    /// Logs somebody in: compares, and commits what <paramref name="fill"/> puts into the set beside <see cref="Complete"/>. Where the account
    /// was changed between the two, all of it is done again.
    /// </summary>
    /// <param name="email">Normalised.</param>
    /// <param name="password">As typed.</param>
    /// <param name="cause">The request.</param>
    /// <param name="fill">Gives the answer for when it is committed.</param>
    /// <param name="ct">Ends the wait.</param>
    public async Task<(IResult? Answer, Problem? Refusal)> LogInAsync(
        string email, string password, MessageContext cause, Func<Account, WriteSet, Task<IResult>> fill, CancellationToken ct)
    {
        for (var i = 0; i < MaxChanges; i++)
        {
            var result = await TryAsync(email, password, cause, ct);
            if (result.Account is not { } account)
            {
                return (null, result.Problem);
            }

            var work = new WriteSet(cause.For($"login {i}"), time.GetUtcNow());
            Complete(result, work);
            var answer = await fill(account, work);
            var outcome = await store.CommitAsync(work, ct);
            if (outcome.Result != CommitResult.Conflict)
            {
                outcome.Ensure();
                return (answer, null);
            }
        }

        return (null, Guesses.TooMany(TimeSpan.FromSeconds(1)));
    }

    /// <summary>
    /// Goes into the commit of whatever a right password allows: a conflict where the account was closed, or its password changed, since the two
    /// were compared.
    /// </summary>
    public static void Complete(SignInResult success, WriteSet work)
    {
        var account = success.Account!;
        work.Audit(account.Id, "login.succeed", account.Id);
        work.Execute("delete from attempts where subject = @subject", new { subject = SubjectOf(account.Email) });
        work.Execute(
            "update accounts set password = @hash where id = @Id and password = @Password", new { hash = success.NewHash ?? account.Password, account.Id, account.Password }, rows: 1);
    }

    private async Task<Problem?> CountAsync(string subject, MessageContext cause, CancellationToken ct)
    {
        for (var i = 0; i < MaxConflicts; i++)
        {
            var seen = await ReadAsync(subject, ct);
            var work = new WriteSet(cause.For($"guess {i}"), time.GetUtcNow());
            if (Guesses.Blocked(seen, work.Now) is { } blocked)
            {
                return blocked;
            }

            Fill(work, subject, seen);
            var outcome = await store.CommitAsync(work, ct);
            if (outcome.Result != CommitResult.Conflict)
            {
                outcome.Ensure();
                return null;
            }
        }

        return Guesses.TooMany(TimeSpan.FromSeconds(1));
    }

    private static void Fill(WriteSet work, string subject, Guesses? seen)
    {
        // Forgetting is part of counting, so the table holds an hour of guesses and no worker has to look after it.
        work.Execute("delete from attempts where failed_at < @before", new { before = (work.Now - Guesses.Memory).ToUnixTimeMilliseconds() });
        var next = Guesses.After(seen, work.Now);
        var row = new { subject, next.Failures, next.FailedAt, next.BlockedUntil, seen = seen?.Failures, seenAt = seen?.FailedAt };
        work.Execute(
            seen is null || seen.IsForgotten(work.Now)
                ? """
                  insert into attempts (subject, failures, failed_at, blocked_until)
                  values (@subject, @Failures, @FailedAt, @BlockedUntil) on conflict (subject) do nothing
                  """
                : """
                  update attempts set failures = @Failures, failed_at = @FailedAt, blocked_until = @BlockedUntil
                  where subject = @subject and failures = @seen and failed_at = @seenAt
                  """,
            row, rows: 1);
    }

    private Task<Guesses?> ReadAsync(string subject, CancellationToken ct) => store.FirstOrDefaultAsync<Guesses>(
        "select failures, failed_at as FailedAt, blocked_until as BlockedUntil from attempts where subject = @subject", new { subject }, ct);

    // A hash, so that a table of guesses is no list of addresses, and one length whatever was typed.
    private static string SubjectOf(string email) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(email)));
}

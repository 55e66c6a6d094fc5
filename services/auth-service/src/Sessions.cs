using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Argosy.Chassis;
using Argosy.Chassis.Messaging;
using Argosy.Chassis.Store;
using Argosy.Contracts.Auth.V1;

namespace Argosy.Auth;

/// <summary>A login that is good, and the refresh token that carries it on.</summary>
internal sealed record Session(string Id, string Account, string Role, DateTimeOffset Authenticated, string RefreshToken);

/// <summary>
/// Logins and their refresh tokens: opaque, 256 random bits, kept as a hash, good for one use. Using one gives the next; using one twice
/// means that two people have it, so the whole session ends (RFC 9700 §4.14.2). There is no time of grace: a client that lost the
/// answer logs in again.
/// </summary>
internal sealed class Sessions(IStore store, TimeProvider time)
{
    private const int MaxConflicts = 10;

    /// <summary>How long a session lasts at most.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromDays(30);

    /// <summary>How long it lasts unused.</summary>
    public static readonly TimeSpan Idle = TimeSpan.FromDays(7);

    /// <summary>Begins a session, in the commit that <paramref name="work"/> becomes.</summary>
    public Session Begin(Account account, WriteSet work)
    {
        var token = NewToken();
        var session = new Session(Ids.New(time), account.Id, account.Role, work.Now, token);
        RemoveExpired(work);
        work.Require("select 1 from accounts where id = @Id", new { account.Id });   // closed while its password was being compared?
        work.Execute(
            "insert into sessions (id, account, authenticated, expires, revoked) values (@Id, @Account, @now, @expires, null)",
            new { session.Id, session.Account, now = work.NowMilliseconds, expires = (work.Now + Lifetime).ToUnixTimeMilliseconds() });
        Insert(work, token, session.Id, work.Now + Idle);
        return session;
    }

    /// <summary>
    /// Redeems a refresh token: the session with its next token, or null (<c>invalid_grant</c>). A token that was redeemed before ends
    /// its session; that is committed although the request fails.
    /// </summary>
    public async Task<Session?> RefreshAsync(string token, MessageContext cause, CancellationToken ct)
    {
        for (var i = 0; i < MaxConflicts; i++)
        {
            var work = new WriteSet(cause.For($"refresh {i}"), time.GetUtcNow());
            var row = await FindAsync(token, ct);
            if (row is null || row.HasEnded(work.Now))
            {
                return null;
            }

            var next = row.Redeemed is null ? Rotate(row, work) : null;
            if (next is null)
            {
                Revoke(row, work);
            }

            var outcome = await store.CommitAsync(work, ct);
            if (outcome.Result != CommitResult.Conflict)
            {
                outcome.Ensure();
                return next;
            }
        }

        throw new ProblemException(Problem.Conflict("auth.contention", "This token is being used by too many at once."));
    }

    /// <summary>Ends the session that a refresh token belongs to, used or not; unknown tokens are no error (RFC 7009 §2.2).</summary>
    public async Task RevokeAsync(string token, MessageContext cause, CancellationToken ct)
    {
        for (var i = 0; i < MaxConflicts; i++)
        {
            var work = new WriteSet(cause.For($"revoke {i}"), time.GetUtcNow());
            var row = await FindAsync(token, ct);
            if (row is null || row.Revoked is not null)
            {
                return;
            }

            Revoke(row, work);
            var outcome = await store.CommitAsync(work, ct);
            if (outcome.Result != CommitResult.Conflict)
            {
                outcome.Ensure();
                return;
            }
        }
    }

    private static Session Rotate(TokenRow row, WriteSet work)
    {
        var token = NewToken();
        work.Require("select 1 from sessions where id = @Session and revoked is null", new { row.Session });
        work.Execute(
            "update refresh_tokens set redeemed = @now where hash = @Hash and redeemed is null",
            new { now = work.NowMilliseconds, row.Hash }, rows: 1);
        var idle = work.Now + Idle;
        var end = DateTimeOffset.FromUnixTimeMilliseconds(row.SessionExpires);
        Insert(work, token, row.Session, idle < end ? idle : end);
        return new Session(row.Session, row.Account, row.Role, DateTimeOffset.FromUnixTimeMilliseconds(row.Authenticated), token);
    }

    private static void Revoke(TokenRow row, WriteSet work)
    {
        work.Execute(
            "update sessions set revoked = @now where id = @Session and revoked is null", new { now = work.NowMilliseconds, row.Session }, rows: 1);
        work.Publish(new SessionRevoked { SessionId = row.Session, UserId = row.Account });
    }

    private static void Insert(WriteSet work, string token, string session, DateTimeOffset expires) => work.Execute(
        "insert into refresh_tokens (hash, session, expires, redeemed) values (@hash, @session, @expires, null)",
        new { hash = HashOf(token), session, expires = expires.ToUnixTimeMilliseconds() }, rows: 1);

    // Each login takes at most two dead sessions along, so they go faster than they come and no worker has to look after them.
    private static void RemoveExpired(WriteSet work)
    {
        const string Dead = "(select id from sessions where expires < @now order by expires limit 2)";
        var now = new { now = work.NowMilliseconds };
        work.Execute($"delete from refresh_tokens where session in {Dead}", now);
        work.Execute($"delete from sessions where id in {Dead}", now);
    }

    private Task<TokenRow?> FindAsync(string token, CancellationToken ct) => store.FirstOrDefaultAsync<TokenRow>(
        """
        select t.hash as Hash, t.session as Session, t.expires as Expires, t.redeemed as Redeemed, s.account as Account,
               s.authenticated as Authenticated, s.expires as SessionExpires, s.revoked as Revoked, a.role as Role
        from refresh_tokens t join sessions s on s.id = t.session join accounts a on a.id = s.account
        where t.hash = @hash
        """,
        new { hash = HashOf(token) }, ct);

    private static string NewToken() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    // 256 random bits need no salt and no stretching.
    private static string HashOf(string token) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(token)));

    private sealed record TokenRow(
        string Hash, string Session, long Expires, long? Redeemed, string Account, long Authenticated, long SessionExpires, long? Revoked, string Role)
    {
        public bool HasEnded(DateTimeOffset now) =>
            Revoked is not null || Math.Min(Expires, SessionExpires) <= now.ToUnixTimeMilliseconds();
    }
}

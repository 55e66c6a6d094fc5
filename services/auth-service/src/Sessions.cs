using Argosy.Chassis;
using Argosy.Chassis.Hosting.Identity;
using Argosy.Chassis.Messaging;
using Argosy.Chassis.Store;
using Argosy.Contracts.Auth.V1;

namespace Argosy.Auth;

/// <summary>A login that is good, and the refresh token that carries it on.</summary>
internal sealed record Session(string Id, string Account, string Role, string Client, string Scope, DateTimeOffset Authenticated, string RefreshToken);

/// <summary>A session as its user sees it; times in Unix milliseconds.</summary>
internal sealed record OpenSession(string Id, string Client, string Scope, long Authenticated, long Seen, long Expires);

/// <summary>What is known of a refresh token that works.</summary>
internal sealed record RefreshState(string Account, string Client, string Scope, DateTimeOffset Expires);

/// <summary>
/// Logins and their refresh tokens: opaque, 256 random bits, kept as a hash, good for one use. Using one gives the next; using one twice
/// means that two people have it, so the whole session ends (RFC 9700 §4.14.2). There is no time of grace: a client that lost the
/// answer logs in again.
/// </summary>
internal sealed class Sessions(IStore store, TimeProvider time)
{
    private const int MaxConflicts = 10;

    /// <summary>Sessions of one account that go on at a time.</summary>
    public const int MostOpen = 100;

    /// <summary>How long a session lasts at most.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromDays(30);

    /// <summary>How long it lasts unused.</summary>
    public static readonly TimeSpan Idle = TimeSpan.FromDays(7);

    /// <summary>Begins a session, in the commit that <paramref name="work"/> becomes; where the account has <see cref="MostOpen"/>, the oldest ends.</summary>
    public async Task<Session> BeginAsync(string account, string role, string client, string scope, DateTimeOffset authenticated, WriteSet work, CancellationToken ct)
    {
        var token = Secret.New();
        var session = new Session(Ids.New(time), account, role, client, scope, authenticated, token);
        RemoveExpired(work);

        // Holds the account's row until the commit: a change of the password sees this session, or this sees the change. A conflict where it was closed.
        work.Execute("update accounts set role = role where id = @account", new { account }, rows: 1);
        foreach (var oldest in await BeyondAsync(account, MostOpen - 1, work, ct))
        {
            work.Execute("update sessions set revoked = @now where id = @oldest and revoked is null", new { now = work.NowMilliseconds, oldest });
            Tell(oldest, account, work);
        }

        work.Execute(
            """
            insert into sessions (id, account, authenticated, expires, revoked, client, scope, seen)
            values (@Id, @Account, @authenticated, @expires, null, @Client, @Scope, @now)
            """,
            new
            {
                session.Id,
                session.Account,
                authenticated = authenticated.ToUnixTimeMilliseconds(),
                expires = (work.Now + Lifetime).ToUnixTimeMilliseconds(),
                session.Client,
                session.Scope,
                now = work.NowMilliseconds,
            });
        Insert(work, token, session.Id, work.Now + Idle);
        work.Audit(account, "session.begin", session.Id, client);
        return session;
    }

    /// <summary>
    /// Redeems a refresh token of a client: the session with its next token, or null (<c>invalid_grant</c>). A token that was redeemed
    /// before ends its session; that is committed although the request fails.
    /// </summary>
    public async Task<Session?> RefreshAsync(string token, string client, MessageContext cause, CancellationToken ct)
    {
        for (var i = 0; i < MaxConflicts; i++)
        {
            var work = new WriteSet(cause.For($"refresh {i}"), time.GetUtcNow());
            var row = await FindAsync(token, ct);
            if (row is null || row.Client != client || row.HasEnded(work.Now))
            {
                return null;
            }

            var next = row.Redeemed is null ? Rotate(row, work) : null;
            if (next is null)
            {
                work.Audit(row.Account, "refresh-token.reuse", row.Session, row.Client, "refused");
                End(row.Session, row.Account, work);
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

    /// <summary>Ends the session that a client's refresh token belongs to, used or not; unknown tokens are no error (RFC 7009 §2.2).</summary>
    public async Task RevokeAsync(string token, string client, MessageContext cause, CancellationToken ct)
    {
        if (await FindAsync(token, ct) is { } row && row.Client == client)
        {
            await EndAsync(row.Session, row.Account, cause, ct);
        }
    }

    /// <summary>Ends a session of an account, because something was used twice or because somebody wants it; false where it has none of this id that goes on.</summary>
    public async Task<bool> EndAsync(string session, string account, MessageContext cause, CancellationToken ct, string? reused = null)
    {
        var work = new WriteSet(cause.For("end"), time.GetUtcNow());
        if (reused is not null)
        {
            work.Audit(account, reused, session, outcome: "refused");
        }

        End(session, account, work);
        var outcome = await store.CommitAsync(work, ct);
        if (outcome.Result == CommitResult.Conflict)
        {
            return false;
        }

        outcome.Ensure();
        return true;
    }

    /// <summary>Ends a session, and says so; one that has ended is a conflict.</summary>
    public static void End(string session, string account, WriteSet work)
    {
        work.Execute(
            "update sessions set revoked = @now where id = @session and account = @account and revoked is null", new { now = work.NowMilliseconds, session, account }, rows: 1);
        Tell(session, account, work);
    }

    /// <summary>Ends every session of an account but one, and lets no code begin another; a login at the same moment is a conflict.</summary>
    public async Task EndOthersAsync(string account, string kept, WriteSet work, CancellationToken ct)
    {
        const string Others = "account = @account and id <> @kept and revoked is null and expires > @now";
        var of = new { account, kept, now = work.NowMilliseconds };
        var others = await store.QueryAsync<string>($"select id from sessions where {Others}", of, ct);
        work.Execute("delete from codes where account = @account and session is null", of);
        work.Execute($"update sessions set revoked = @now where {Others}", of, rows: others.Count);
        foreach (var session in others)
        {
            Tell(session, account, work);
        }
    }

    /// <summary>The sessions of an account that go on, the latest first.</summary>
    public Task<IReadOnlyList<OpenSession>> OfAsync(string account, CancellationToken ct) => store.QueryAsync<OpenSession>(
        """
        select id as Id, client as Client, scope as Scope, authenticated as Authenticated, seen as Seen, expires as Expires from sessions
        where account = @account and revoked is null and expires > @now order by authenticated desc, id limit @limit
        """,
        new { account, now = time.GetUtcNow().ToUnixTimeMilliseconds(), limit = (long)MostOpen }, ct);

    /// <summary>What a refresh token says of itself; null where there is none that works.</summary>
    public async Task<RefreshState?> StateAsync(string token, CancellationToken ct) =>
        await FindAsync(token, ct) is { Redeemed: null } row && !row.HasEnded(time.GetUtcNow())
            ? new RefreshState(row.Account, row.Client, row.Scope, DateTimeOffset.FromUnixTimeMilliseconds(Math.Min(row.Expires, row.SessionExpires)))
            : null;

    /// <summary>Whether an access token still stands: its session goes on, or, where it has none, nobody revoked it.</summary>
    public async Task<bool> StandsAsync(Caller caller, CancellationToken ct) => caller.SessionId.Length > 0
        ? await GoesOnAsync(caller.SessionId, ct)
        : await store.FirstOrDefaultAsync<long?>("select 1 from sys_denied where id = @TokenId", new { caller.TokenId }, ct) is null;

    /// <summary>Ends an access token of a client: with its session where it has one.</summary>
    public async Task RevokeAsync(PresentedToken token, MessageContext cause, CancellationToken ct)
    {
        if (token.Caller.SessionId.Length > 0)
        {
            await EndAsync(token.Caller.SessionId, token.Caller.Id, cause, ct);
            return;
        }

        var work = new WriteSet(cause.For("revoke"), time.GetUtcNow());
        DenyList.Deny(work, token.Caller.TokenId);
        work.Publish(new TokenRevoked { TokenId = token.Caller.TokenId, ClientId = token.Client });
        (await store.CommitAsync(work, ct)).Ensure();
    }

    /// <summary>Whether a session goes on.</summary>
    public async Task<bool> GoesOnAsync(string session, CancellationToken ct) => await store.FirstOrDefaultAsync<long?>(
        "select 1 from sessions where id = @session and revoked is null and expires > @now", new { session, now = time.GetUtcNow().ToUnixTimeMilliseconds() }, ct) is not null;

    // Whoever was let in at the same moment as others may be one too many until the next login.
    private Task<IReadOnlyList<string>> BeyondAsync(string account, int kept, WriteSet work, CancellationToken ct) => store.QueryAsync<string>(
        """
        select id from sessions where account = @account and revoked is null and expires > @now
        order by authenticated desc, id desc limit @limit offset @kept
        """,
        new { account, now = work.NowMilliseconds, limit = (long)MostOpen, kept = (long)kept }, ct);

    private static void Tell(string session, string account, WriteSet work)
    {
        DenyList.Deny(work, session);
        work.Audit(account, "session.end", session);
        work.Publish(new SessionRevoked { SessionId = session, UserId = account });
    }

    private static Session Rotate(TokenRow row, WriteSet work)
    {
        var token = Secret.New();
        work.Execute("update sessions set seen = @now where id = @Session and revoked is null", new { now = work.NowMilliseconds, row.Session }, rows: 1);
        work.Execute(
            "update refresh_tokens set redeemed = @now where hash = @Hash and redeemed is null",
            new { now = work.NowMilliseconds, row.Hash }, rows: 1);
        var idle = work.Now + Idle;
        var end = DateTimeOffset.FromUnixTimeMilliseconds(row.SessionExpires);
        Insert(work, token, row.Session, idle < end ? idle : end);
        return new Session(row.Session, row.Account, row.Role, row.Client, row.Scope, DateTimeOffset.FromUnixTimeMilliseconds(row.Authenticated), token);
    }

    private static void Insert(WriteSet work, string token, string session, DateTimeOffset expires) => work.Execute(
        "insert into refresh_tokens (hash, session, expires, redeemed) values (@hash, @session, @expires, null)",
        new { hash = Secret.HashOf(token), session, expires = expires.ToUnixTimeMilliseconds() }, rows: 1);

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
               s.client as Client, s.scope as Scope, s.authenticated as Authenticated, s.expires as SessionExpires, s.revoked as Revoked, a.role as Role
        from refresh_tokens t join sessions s on s.id = t.session join accounts a on a.id = s.account
        where t.hash = @hash
        """,
        new { hash = Secret.HashOf(token) }, ct);

    private sealed record TokenRow(
        string Hash, string Session, long Expires, long? Redeemed, string Account, string Client, string Scope, long Authenticated, long SessionExpires, long? Revoked, string Role)
    {
        // A used token is told from an unknown one for as long as its session lasts: the next ones may be the thief's.
        public bool HasEnded(DateTimeOffset now) =>
            Revoked is not null || (Redeemed is null ? Math.Min(Expires, SessionExpires) : SessionExpires) <= now.ToUnixTimeMilliseconds();
    }
}

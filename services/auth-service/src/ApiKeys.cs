using System.Security.Cryptography;
using System.Text;
using Argosy.Chassis;
using Argosy.Chassis.Hosting.Identity;
using Argosy.Chassis.Messaging;
using Argosy.Chassis.Store;
using Argosy.Contracts.Auth.V1;

namespace Argosy.Auth;

/// <summary>A key as its owner sees it; times in Unix milliseconds.</summary>
internal sealed record OpenKey(string Id, string Prefix, string Name, string Scope, long Created, long Expires);

/// <summary>A key that was just made: the only time that its text is told.</summary>
internal sealed record MadeKey(ApiKey Key, OpenKey Row);

/// <summary>What a key that is good stands for.</summary>
internal sealed record KeyGrant(string Id, string Account, string Prefix, string Scope, DateTimeOffset Expires);

/// <summary>
/// API keys: a machine sends one at the gateway, which comes here for an access token of ten minutes. Only the key's SHA-256 is kept; every key
/// ends by itself. As its id is the session of its tokens, a revoked one is refused where ended sessions are (docs/decisions/0023-api-keys.md).
/// </summary>
internal sealed class ApiKeys(IStore store, TimeProvider time)
{
    /// <summary>Keys of one account that are good at a time.</summary>
    public const int MostOpen = 20;

    private const int MaxConflicts = 10;

    /// <summary>Makes a key of somebody who has just given their password; null where they have <see cref="MostOpen"/>.</summary>
    public async Task<MadeKey?> MakeAsync(SignInResult owner, string name, string scope, TimeSpan lifetime, MessageContext cause, CancellationToken ct)
    {
        var account = owner.Account!.Id;
        for (var i = 0; i < MaxConflicts; i++)
        {
            if ((await OfAsync(account, ct)).Count >= MostOpen)
            {
                return null;
            }

            var work = new WriteSet(cause.For($"api key {i}"), time.GetUtcNow());

            // Holds the account's row until the commit, so that two at once count each other.
            SignIn.Complete(owner, work);
            var made = Make(account, name, scope, lifetime, work);
            var outcome = await store.CommitAsync(work, ct);
            if (outcome.Result != CommitResult.Conflict)
            {
                outcome.Ensure();
                return made;
            }
        }

        throw new ProblemException(Problem.Conflict("auth.contention", "The account was closed, its password changed, or too many are changing it at once: ask again."));
    }

    /// <summary>The keys of an account that are good, the latest first.</summary>
    public Task<IReadOnlyList<OpenKey>> OfAsync(string account, CancellationToken ct) => store.QueryAsync<OpenKey>(
        """
        select id as Id, prefix as Prefix, name as Name, scope as Scope, created as Created, expires as Expires from api_keys
        where account = @account and revoked is null and expires > @now order by created desc, id
        """,
        new { account, now = time.GetUtcNow().ToUnixTimeMilliseconds() }, ct);

    /// <summary>Ends a key of an account; false where it has none of this id that is good.</summary>
    public async Task<bool> RevokeAsync(string id, string account, MessageContext cause, CancellationToken ct)
    {
        var work = new WriteSet(cause.For("revoke"), time.GetUtcNow());
        work.Execute(
            "update api_keys set revoked = @now where id = @id and account = @account and revoked is null and expires > @now",
            new { now = work.NowMilliseconds, id, account }, rows: 1);
        DenyList.Deny(work, id);
        work.Audit(account, "api-key.revoke", id);
        work.Publish(new SessionRevoked { SessionId = id, UserId = account });
        var outcome = await store.CommitAsync(work, ct);
        if (outcome.Result == CommitResult.Conflict)
        {
            return false;
        }

        outcome.Ensure();
        return true;
    }

    /// <summary>Whose key a text is, and what for; null for everything that is not, or no longer, a key.</summary>
    public async Task<KeyGrant?> FindAsync(string text, CancellationToken ct)
    {
        if (ApiKey.Parse(text) is not { } key)
        {
            return null;
        }

        var row = await store.FirstOrDefaultAsync<KeyRow>(
            """
            select k.id as Id, k.hash as Hash, k.account as Account, k.scope as Scope, k.expires as Expires
            from api_keys k join accounts a on a.id = k.account where k.prefix = @Prefix and k.revoked is null and k.expires > @now
            """,
            new { key.Prefix, now = time.GetUtcNow().ToUnixTimeMilliseconds() }, ct);
        return row is not null && CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(key.Hash), Encoding.ASCII.GetBytes(row.Hash))
            ? new KeyGrant(row.Id, row.Account, key.Prefix, row.Scope, DateTimeOffset.FromUnixTimeMilliseconds(row.Expires))
            : null;
    }

    private static MadeKey Make(string account, string name, string scope, TimeSpan lifetime, WriteSet work)
    {
        var key = ApiKey.New();
        var row = new OpenKey(work.NewId(), key.Prefix, name, scope, work.NowMilliseconds, (work.Now + lifetime).ToUnixTimeMilliseconds());

        // Each new key takes those of its account along that have ended: there are never more than twenty, and no worker looks after them.
        work.Execute("delete from api_keys where account = @account and (revoked is not null or expires <= @now)", new { account, now = work.NowMilliseconds });
        work.Execute(
            """
            insert into api_keys (id, prefix, hash, account, name, scope, created, expires)
            select @Id, @Prefix, @hash, @account, @Name, @Scope, @Created, @Expires
            where (select count(*) from api_keys where account = @account) < @most
            on conflict (prefix) do nothing
            """,
            new { row.Id, row.Prefix, hash = key.Hash, account, row.Name, row.Scope, row.Created, row.Expires, most = (long)MostOpen }, rows: 1);
        work.Audit(account, "api-key.create", row.Id, $"{row.Prefix} {scope}");
        return new MadeKey(key, row);
    }

    private sealed record KeyRow(string Id, string Hash, string Account, string Scope, long Expires);
}

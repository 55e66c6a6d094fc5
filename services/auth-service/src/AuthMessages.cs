using Argosy.Chassis.Hosting.Identity;
using Argosy.Chassis.Store;
using Argosy.Contracts.Auth.V1;
using Argosy.Contracts.User.V1;

namespace Argosy.Auth;

/// <summary>What we do when others speak.</summary>
internal sealed class AuthMessages(IStore store)
{
    /// <summary>
    /// Closes the account of somebody who was erased: the address is free again, all sessions and API keys end. Administrators keep theirs, or a slip
    /// of the last one would leave a platform that nobody can look after.
    /// </summary>
    public async Task Handle(UserErased erased, WriteSet work, CancellationToken ct)
    {
        var of = new { id = erased.UserId };
        if (await store.FirstOrDefaultAsync<string>("select role from accounts where id = @id", of, ct) is null or Account.Admin)
        {
            return;
        }

        const string Open = "select id from sessions where account = @id and revoked is null union all select id from api_keys where account = @id and revoked is null";
        foreach (var session in await store.QueryAsync<string>(Open, of, ct))
        {
            DenyList.Deny(work, session);
            work.Publish(new SessionRevoked { SessionId = session, UserId = erased.UserId });
        }

        work.Execute("delete from refresh_tokens where session in (select id from sessions where account = @id)", of);
        work.Execute("delete from sessions where account = @id", of);
        work.Execute("delete from api_keys where account = @id", of);
        work.Audit(erased.UserId, "account.close", erased.UserId);
        work.Execute("delete from accounts where id = @id", of, rows: 1);
    }
}

using Argosy.Chassis.Store;
using Argosy.Contracts.Auth.V1;

namespace Argosy.Chassis.Hosting.Identity;

/// <summary>
/// Sessions and tokens that ended before their time, as auth-service says over the bus. Access tokens are good without asking anybody, for
/// minutes; what changes something looks here, and so does what reads where minutes are too long (<see cref="IdentityExtensions.RefuseRevoked"/>).
/// The list is in the service's database: it outlives a restart, and every instance sees it.
/// </summary>
public sealed class DenyList(IStore store)
{
    // No access token lives longer.
    private static readonly TimeSpan Memory = TimeSpan.FromHours(1);

    /// <summary>A session ended.</summary>
    public Task Handle(SessionRevoked message, WriteSet work, CancellationToken cancellation)
    {
        Deny(work, message.SessionId);
        return Task.CompletedTask;
    }

    /// <summary>A token ended that has no session.</summary>
    public Task Handle(TokenRevoked message, WriteSet work, CancellationToken cancellation)
    {
        Deny(work, message.TokenId);
        return Task.CompletedTask;
    }

    /// <summary>Puts a session (<c>sid</c>) or a token (<c>jti</c>) on the list, and takes off it what has expired by itself.</summary>
    public static void Deny(WriteSet work, string id)
    {
        work.Execute("delete from sys_denied where until < @now", new { now = work.NowMilliseconds });
        work.Execute("insert into sys_denied (id, until) values (@id, @until) on conflict (id) do nothing", new { id, until = (work.Now + Memory).ToUnixTimeMilliseconds() });
    }

    internal async Task<bool> DeniesAsync(Caller caller, CancellationToken cancellation) =>
        await store.FirstOrDefaultAsync<long?>("select 1 from sys_denied where id = @SessionId or id = @TokenId", new { caller.SessionId, caller.TokenId }, cancellation) is not null;
}

/// <summary>On the metadata of routes that ask the <see cref="DenyList"/> though they only read.</summary>
internal sealed class RefusesRevoked
{
    public static RefusesRevoked Mark { get; } = new();
}

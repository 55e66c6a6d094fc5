using Argosy.Chassis.Messaging;

namespace Argosy.Chassis.Store;

/// <summary>
/// The right to do what only one instance of a service may do at a time, until it runs out. Its times are the database's, so that
/// no application's clock decides. The protocol:
/// <list type="number">
/// <item>Claim it; the epoch rises whenever it changes hands, and when it had run out.</item>
/// <item>Claim it again well before it runs out, as long as it is wanted; null means that another holds it.</item>
/// <item>What is written under it carries its epoch (<see cref="Leases.Fence"/>): a holder that was stopped past its time and goes on
/// without knowing it is in conflict, and changes nothing.</item>
/// <item>Release it at the end, so that nobody has to wait for it to run out.</item>
/// </list>
/// </summary>
/// <param name="Name">What it is for.</param>
/// <param name="Owner">The instance that holds it.</param>
/// <param name="Epoch">Which holding this is, counted from 1.</param>
public sealed record Lease(string Name, string Owner, long Epoch);

/// <summary>The table <c>sys_lease</c>.</summary>
public static class Leases
{
    /// <summary>Claims or renews; null where another instance holds it.</summary>
    /// <exception cref="CommitException">The database did not take it.</exception>
    public static async Task<Lease?> ClaimAsync(this IStore store, string name, string owner, TimeSpan duration, CancellationToken cancellation)
    {
        var work = Work(name, owner);
        work.Execute(
            $"""
            insert into sys_lease (name, owner, epoch, until) values (@name, @owner, 1, {store.NowSql} + @duration)
            on conflict (name) do update set
                epoch = sys_lease.epoch + case when sys_lease.owner = excluded.owner and sys_lease.until > {store.NowSql} then 0 else 1 end,
                owner = excluded.owner, until = excluded.until
            where sys_lease.owner = excluded.owner or sys_lease.until <= {store.NowSql}
            """,
            new { name, owner, duration = (long)duration.TotalMilliseconds }, rows: 1);
        var outcome = await store.CommitAsync(work, cancellation);
        if (outcome.Result == CommitResult.Conflict)
        {
            return null;
        }

        outcome.Ensure();
        var epoch = await store.FirstOrDefaultAsync<long?>("select epoch from sys_lease where name = @name and owner = @owner", new { name, owner }, cancellation);
        return epoch is { } held ? new Lease(name, owner, held) : null;
    }

    /// <summary>Gives it up; whoever has claimed it meanwhile keeps it.</summary>
    public static async Task ReleaseAsync(this IStore store, Lease lease, CancellationToken cancellation)
    {
        var work = Work(lease.Name, lease.Owner);
        work.Execute("update sys_lease set until = 0 where name = @Name and owner = @Owner and epoch = @Epoch", lease);
        (await store.CommitAsync(work, cancellation)).Ensure();
    }

    /// <summary>The set is in conflict unless the lease is still this holder's. It may have run out, as long as nobody else has claimed it.</summary>
    public static void Fence(this WriteSet work, Lease lease) =>
        work.Require("select 1 from sys_lease where name = @Name and owner = @Owner and epoch = @Epoch", lease);

    private static WriteSet Work(string name, string owner) => new(new MessageContext($"lease/{name}", owner, new MessageHeaders()), DateTimeOffset.UnixEpoch);
}

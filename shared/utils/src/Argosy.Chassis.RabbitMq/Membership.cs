using Argosy.Chassis.Messaging;
using Argosy.Chassis.Store;

namespace Argosy.Chassis.RabbitMq;

/// <summary>
/// Which instances of a service share its queues, and how many queues each may have. An instance is a lease of its own name, renewed
/// with the queues'; all times are the database's. Everybody computes the same shares from the same rows: the queues divided by the
/// instances, and one more for the first of them by name where it doesn't come out even.
/// </summary>
internal sealed class Membership(IStore store, string instance, TimeSpan leaseTime)
{
    private const string Prefix = "bus/instance/";

    /// <summary>Says that this instance is there, and gives how many queues it may have.</summary>
    public async Task<int> ShareAsync(int queues, CancellationToken cancellation)
    {
        await store.ClaimAsync(Prefix + instance, instance, leaseTime, cancellation);
        var members = await store.QueryAsync<string>(
            $"select owner from sys_lease where name like '{Prefix}%' and until > {store.NowSql} order by owner", null, cancellation);
        var place = members.ToList().IndexOf(instance);
        return place < 0 ? 0 : (queues / members.Count) + (place < queues % members.Count ? 1 : 0);
    }

    /// <summary>Takes this instance off the list, and those that are long gone.</summary>
    public async Task LeaveAsync(TimeSpan within, TimeProvider time)
    {
        using var soon = new CancellationTokenSource(within, time);
        var work = new WriteSet(new MessageContext($"bus/leave/{instance}", instance, new MessageHeaders()), time.GetUtcNow());
        work.Execute($"delete from sys_lease where name = @name or (name like '{Prefix}%' and until < {store.NowSql} - 3600000)", new { name = Prefix + instance });
        try
        {
            _ = await store.CommitAsync(work, soon.Token);
        }
        catch (Exception e) when (e is OperationCanceledException || store.IsTransient(e))
        {
            // The database is away: its clock takes us off the list.
        }
    }
}

using Argosy.Chassis.Store;
using Microsoft.Extensions.Logging;
using RabbitMQ.Client;

namespace Argosy.Chassis.RabbitMq;

/// <summary>
/// Takes what comes to this service, together with its other instances. The protocol:
/// <list type="number">
/// <item>Declare the service's queues and bindings; take dead letters, which the broker gives to one instance.</item>
/// <item>Say that we are there; know how many queues are our share.</item>
/// <item>Renew the leases of the queues that we have. One that is lost, or more than our share, is stopped (<see cref="QueueConsumer"/>)
/// and then released.</item>
/// <item>Fewer than our share: claim what is free, and consume it. Do this three times in a lease's duration, so that whoever joins has
/// their share within one.</item>
/// <item>A channel that breaks is the end of the session: everything stops, and begins again on a new connection. Leases are kept until
/// they run out, for we are back soon.</item>
/// <item>At the end stop, release everything, leave.</item>
/// </list>
/// Single active consumer is the net below the leases: should two instances believe that they hold a queue, the broker gives its
/// messages to one of them until that one has closed its channel.
/// </summary>
internal sealed partial class RabbitConsumer(
    Topology topology, string instance, TimeSpan leaseTime, Intake intake, IStore store, Broker broker, TimeProvider time, ILogger log)
{
    private readonly Membership _membership = new(store, instance, leaseTime);
    private readonly Dictionary<int, (HeldLease Lease, QueueConsumer Consumer)> _queues = [];     // of the session that runs

    /// <summary>Runs until it is cancelled, then leaves.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        await broker.RunAsync((connection, lost) => SessionAsync(connection, leaving: cancellation, lost), cancellation);
        await _membership.LeaveAsync(HeldLease.RenewEvery(leaseTime), time);
    }

    private async Task SessionAsync(IConnection connection, CancellationToken leaving, CancellationToken cancellation)
    {
        await topology.DeclareAsync(connection, log, cancellation);
        var deadLetters = await StartAsync(connection, topology.DeadLetters, intake.BuryAsync, cancellation);
        try
        {
            broker.Up();
            while (true)
            {
                await BalanceAsync(connection, cancellation);
                await WatchAsync(deadLetters, cancellation);
            }
        }
        finally
        {
            // Whoever doesn't leave comes back, to the same queues.
            await Task.WhenAll([deadLetters.DisposeAsync().AsTask(), .. _queues.Keys.ToList().Select(partition => leaving.IsCancellationRequested ? GiveUpAsync(partition) : StopAsync(partition))]);
        }
    }

    private async Task BalanceAsync(IConnection connection, CancellationToken cancellation)
    {
        var share = await _membership.ShareAsync(Topology.Partitions, cancellation);
        var held = await Task.WhenAll(_queues.Select(async queue => (Partition: queue.Key, Held: await queue.Value.Lease.HoldsAsync(cancellation))));
        List<int> lost = [.. held.Where(queue => !queue.Held).Select(queue => queue.Partition)];
        if (lost.Count > 0)
        {
            LogLost(log, string.Join(", ", lost));
            await Task.WhenAll(lost.Select(StopAsync));
        }

        await Task.WhenAll(_queues.Keys.OrderDescending().Take(Math.Max(0, _queues.Count - share)).ToList().Select(GiveUpAsync));
        for (var partition = 0; partition < Topology.Partitions && _queues.Count < share; partition++)
        {
            await TryTakeAsync(connection, partition, cancellation);
        }
    }

    private async Task TryTakeAsync(IConnection connection, int partition, CancellationToken cancellation)
    {
        if (!_queues.ContainsKey(partition)
            && await HeldLease.ClaimAsync(store, $"bus/queue/{partition}", instance, leaseTime, time, cancellation) is { } lease)
        {
            _queues[partition] = (lease, await StartAsync(connection, topology.Queue(partition), intake.TakeAsync, cancellation));
        }
    }

    private Task<QueueConsumer> StartAsync(IConnection connection, string queue, Func<Delivery, CancellationToken, Task> take, CancellationToken cancellation) =>
        QueueConsumer.StartAsync(connection, queue, take, broker.Worked, time, cancellation);

    // Until the leases are to be renewed; throws if a queue's consumption breaks before.
    private async Task WatchAsync(QueueConsumer deadLetters, CancellationToken cancellation)
    {
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var first = await Task.WhenAny(
            [Task.Delay(HeldLease.RenewEvery(leaseTime), time, enough.Token), deadLetters.Broken, .. _queues.Values.Select(queue => queue.Consumer.Broken)]);
        await enough.CancelAsync();
        await first;
    }

    private async Task<HeldLease> StopAsync(int partition)
    {
        _queues.Remove(partition, out var queue);
        await queue.Consumer.DisposeAsync();
        return queue.Lease;
    }

    private async Task GiveUpAsync(int partition) => await (await StopAsync(partition)).ReleaseAsync();

    [LoggerMessage(Level = LogLevel.Warning, Message = "The leases of these queues were lost: {Partitions}")]
    private static partial void LogLost(ILogger logger, string partitions);
}

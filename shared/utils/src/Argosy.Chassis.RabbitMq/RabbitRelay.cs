using Argosy.Chassis.Messaging;
using Argosy.Chassis.Store;
using Microsoft.Extensions.Logging;
using RabbitMQ.Client;

namespace Argosy.Chassis.RabbitMq;

/// <summary>A service that hears something of ours.</summary>
/// <param name="Service">Its name.</param>
/// <param name="Handles">Everything that it handles, of ours and of others: its queues are ready when all of that is bound.</param>
internal sealed record Subscription(string Service, IReadOnlyList<string> Handles);

/// <summary>
/// Brings the outbox to the broker. The protocol:
/// <list type="number">
/// <item>Claim the service's relay lease: one instance relays, the others look every now and then whether it is free.</item>
/// <item>Take the cursor under the lease's epoch: an older relay's word counts no more.</item>
/// <item>Wait until every subscriber of ours has bound its queues; what went out before would never reach it.</item>
/// <item>Publish what lies after the cursor in its order, persistent and mandatory, up to <see cref="ConfirmWindow.Size"/> ahead of the
/// broker's confirms; move the cursor to the lowest confirmed prefix, as often as there is one.</item>
/// <item>Refused, returned, cut off, or silent for too long: begin again at the first message that was not confirmed.</item>
/// <item>Nothing to read: sleep until a commit publishes, or a second at most.</item>
/// </list>
/// Why this keeps the order of a key, also over losses and two relays at once: what a channel carries has no gaps, and it begins at or
/// before the first message that is in no queue. However such sequences interleave, a message comes for the first time only after
/// all that were before it; what comes again the inbox knows. Only a message that was refused while later ones were taken could be
/// overtaken: a broker refuses when a queue has failed or was deleted, and then its messages are lost with it anyway.
/// </summary>
internal sealed partial class RabbitRelay(
    string service, string instance, IReadOnlyList<string> publishes, IReadOnlyList<Subscription> subscribers, TimeSpan leaseTime,
    IStore store, Broker broker, TimeProvider time, ILogger log) : IRelay
{
    /// <summary>The cursor's name in <c>bus_cursor</c>.</summary>
    public const string Cursor = "rabbit";

    private const string LeaseName = "bus/relay";
    private const int LeastRoom = ConfirmWindow.Size / 4;
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ConfirmWithin = TimeSpan.FromSeconds(30);

    private readonly HashSet<string> _heard = [.. subscribers.SelectMany(subscriber => subscriber.Handles)];
    private long _position = -1;        // of the cursor; -1 where another instance relays

    /// <inheritdoc/>
    public string Subscriber => BusTelemetry.RabbitMq;

    /// <summary>
    /// Makes the cursor where there is none, before anything else of the service runs: what it publishes while it starts is to go
    /// out. A service that pushed before goes on where the slowest subscriber was; what others have had already, their inboxes know.
    /// </summary>
    public static async Task RegisterAsync(string service, IStore store, TimeProvider time, CancellationToken cancellation)
    {
        var head = await Outbox.HeadAsync(store, cancellation);
        var work = Work(service, time);
        work.Execute(
            """
            insert into bus_cursor (name, position, epoch)
            values (@name, coalesce((select min(position) from bus_cursor where name like 'push/%'), @head), 0) on conflict (name) do nothing
            """,
            new { name = Cursor, head });
        (await store.CommitAsync(work, cancellation)).Ensure();
    }

    /// <inheritdoc/>
    public async Task<Backlog> BacklogAsync(int limit, CancellationToken cancellation) =>
        Volatile.Read(ref _position) is >= 0 and var position && publishes.Count > 0
            ? await Outbox.BacklogAsync(store, position, publishes, limit, cancellation)
            : Backlog.Empty;

    /// <summary>Runs until it is cancelled.</summary>
    public Task RunAsync(CancellationToken cancellation) => broker.RunAsync(SessionAsync, cancellation);

    private async Task SessionAsync(IConnection connection, CancellationToken cancellation)
    {
        await Topology.DeclareExchangeAsync(connection, cancellation);
        broker.Up();
        while (true)
        {
            if (await HeldLease.ClaimAsync(store, LeaseName, instance, leaseTime, time, cancellation) is { } lease)
            {
                await LeadAsync(connection, lease, cancellation);
            }

            await Task.Delay(HeldLease.RenewEvery(leaseTime), time, cancellation);
        }
    }

    private async Task LeadAsync(IConnection connection, HeldLease lease, CancellationToken cancellation)
    {
        try
        {
            await TakeCursorAsync(lease.Lease, cancellation);
            if (await SubscribersAsync(connection, lease, cancellation))
            {
                await using var window = await ConfirmWindow.OpenAsync(connection, _position, cancellation);
                await FollowAsync(connection, window, lease, cancellation);
            }

            LogLost(log, lease.Lease.Epoch);
        }
        finally
        {
            Volatile.Write(ref _position, -1);
            await lease.ReleaseAsync();
        }
    }

    private async Task TakeCursorAsync(Lease lease, CancellationToken cancellation)
    {
        var work = Work(service, time);
        work.Fence(lease);
        work.Execute("update bus_cursor set epoch = @epoch where name = @name and epoch <= @epoch", new { name = Cursor, epoch = lease.Epoch }, rows: 1);
        (await store.CommitAsync(work, cancellation)).Ensure();
        Volatile.Write(ref _position, await store.FirstOrDefaultAsync<long>("select position from bus_cursor where name = @name", new { name = Cursor }, cancellation));
    }

    // False: the lease was lost meanwhile.
    private async Task<bool> SubscribersAsync(IConnection connection, HeldLease lease, CancellationToken cancellation)
    {
        var missing = subscribers.ToList();
        for (var said = false; await lease.HoldsAsync(cancellation);)
        {
            foreach (var subscriber in missing.ToList())
            {
                if (await Topology.ExistsAsync(connection, Topology.MarkerOf(subscriber.Service, subscriber.Handles), cancellation))
                {
                    missing.Remove(subscriber);
                }
            }

            if (missing.Count == 0)
            {
                return true;
            }

            if (!said)
            {
                said = true;
                LogMissing(log, string.Join(", ", missing.Select(subscriber => subscriber.Service)));
            }

            await Task.Delay(Poll, time, cancellation);
        }

        return false;
    }

    // Returns when the lease is lost.
    private async Task FollowAsync(IConnection connection, ConfirmWindow window, HeldLease lease, CancellationToken cancellation)
    {
        var blocked = Blocked.Watch(connection, window, log);
        var read = _position;
        var confirmedAt = time.GetTimestamp();
        while (await lease.HoldsAsync(cancellation))
        {
            var (published, progress) = (store.Published.Version, window.Progress.Version);
            window.Check();
            var room = blocked.Now ? 0 : ConfirmWindow.Size - window.Outstanding;
            var sent = room >= LeastRoom ? await SendAsync(window, read, room, cancellation) : read;
            if (window.Confirmed > _position)
            {
                Failpoints.Hit("publish.after");
                await MoveCursorAsync(window.Confirmed, lease.Lease, cancellation);
                confirmedAt = time.GetTimestamp();
            }
            else if (sent == read && window.Outstanding == 0)
            {
                await store.Published.WaitAsync(published, Poll, time, cancellation);
                confirmedAt = time.GetTimestamp();
            }
            else if (sent == read)
            {
                await window.Progress.WaitAsync(progress, Poll, time, cancellation);
                confirmedAt = blocked.Now ? time.GetTimestamp() : confirmedAt;
                if (time.GetElapsedTime(confirmedAt) > ConfirmWithin)
                {
                    throw new TimeoutException($"It has confirmed nothing for {ConfirmWithin.TotalSeconds:0} s.");
                }
            }

            read = sent;
        }
    }

    // Where the next reading begins: the same place where nothing was read.
    private async Task<long> SendAsync(ConfirmWindow window, long after, int room, CancellationToken cancellation)
    {
        var rows = publishes.Count == 0 ? [] : await Outbox.ReadAsync(store, after, publishes, room, cancellation);
        if (rows.Count == 0)
        {
            return after;
        }

        using var patience = new CancellationTokenSource(ConfirmWithin, time);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellation);
        Failpoints.Hit("publish.before");
        foreach (var row in rows)
        {
            // A type that nobody hears may go nowhere; whoever binds a queue of their own hears it.
            await window.SendAsync(row.ToEnvelope(service), row.Seq, mandatory: _heard.Contains(row.Type), deadline.Token);
        }

        return rows[^1].Seq;
    }

    private async Task MoveCursorAsync(long to, Lease lease, CancellationToken cancellation)
    {
        var work = Work(service, time);
        work.Execute("update bus_cursor set position = @to where name = @name and epoch = @epoch and position <= @to", new { to, name = Cursor, epoch = lease.Epoch }, rows: 1);
        Failpoints.Hit("cursor.before");
        var outcome = await store.CommitAsync(work, cancellation);
        Failpoints.Hit("cursor.after");
        if (outcome.Result == CommitResult.Conflict)
        {
            throw new RelayReplacedException($"Another instance relays (ours was epoch {lease.Epoch}).");
        }

        outcome.Ensure();
        Volatile.Write(ref _position, to);
        broker.Worked();
    }

    private static WriteSet Work(string service, TimeProvider time) => new(new MessageContext("relay/rabbit", service, new MessageHeaders()), time.GetUtcNow());

    [LoggerMessage(Level = LogLevel.Warning, Message = "Messages wait in the outbox until {Subscribers} have bound their queues: start them once")]
    private static partial void LogMissing(ILogger logger, string subscribers);

    [LoggerMessage(Level = LogLevel.Information, Message = "The relay's lease of epoch {Epoch} was lost")]
    private static partial void LogLost(ILogger logger, long epoch);
}

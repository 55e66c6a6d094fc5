using Argosy.Chassis.Messaging;
using Argosy.Chassis.RabbitMq;
using Argosy.Contracts.Inventory.V1;
using Argosy.Testing;
using Google.Protobuf;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Bus;

/// <summary>What every bus must do, over a real broker that is restarted, killed, paused and cut off.</summary>
[Collection(SharedBroker.Collection)]
[Trait("on", "servers")]
public sealed class RabbitBusTests : BusConformance
{
    private protected override async Task<ITransport> MakeAsync(BusWorld world) => await RabbitTransport.MakeAsync(world);
}

/// <summary>What only a broker can do: instances that share queues, dead letters, forgeries.</summary>
[Collection(SharedBroker.Collection)]
[Trait("on", "servers")]
public sealed class RabbitQueueTests : IAsyncLifetime
{
    private static readonly TimeSpan Within = TimeSpan.FromMinutes(2);
    private BusWorld _world = null!;
    private RabbitTransport _bus = null!;

    public async ValueTask InitializeAsync()
    {
        _world = await BusWorld.OpenAsync();
        _bus = await RabbitTransport.MakeAsync(_world);
    }

    public async ValueTask DisposeAsync()
    {
        if (_bus is not null)
        {
            await _bus.DisposeAsync();
        }

        await _world.DisposeAsync();
    }

    [Fact]
    public async Task Instances_that_join_and_leave_share_the_queues_and_nothing_is_lost_or_overtaken()
    {
        await _bus.StartAsync();
        await SharesBecomeAsync(("first", 8));
        var publishing = _world.PublishAsync(2_000);

        var second = _bus.Join("second");
        await SharesBecomeAsync(("first", 4), ("second", 4));
        var third = _bus.Join("third");
        await SharesBecomeAsync(("first", 3), ("second", 3), ("third", 2));
        await _bus.LeaveAsync(second);
        await SharesBecomeAsync(("first", 4), ("third", 4));
        await _bus.LeaveAsync(third);
        await SharesBecomeAsync(("first", 8));

        await publishing;
        await _world.ShouldHaveHeardEverythingAsync(Within);
    }

    [Fact]
    public async Task Nothing_is_lost_or_overtaken_while_channels_are_closed_under_it()
    {
        await _bus.StartAsync();
        await _world.PublishAsync(200);
        await Eventually.HoldsAsync(async () => await _world.HeardAsync() > 0, "messages flow", Within);
        for (var i = 0; i < 3; i++)
        {
            var publishing = _world.PublishAsync(1_000);
            await _bus.Server.CloseChannelsAsync();
            await publishing;
            await Eventually.HoldsAsync(async () => await _bus.BacklogAsync() == 0, "they are sent", Within);
        }

        await _world.ShouldHaveHeardEverythingAsync(Within);
        _bus.Log.All.Count(line => line.Contains("unknown delivery tag", StringComparison.Ordinal)).ShouldBeGreaterThan(3, "relay and consumer saw it");
    }

    [Fact]
    public async Task A_message_that_only_another_version_handles_is_parked_and_holds_up_its_key_until_one_comes()
    {
        await _bus.StartAsync();
        await _world.PublishAsync(13);
        await _world.ShouldHaveHeardEverythingAsync(Within);
        await using var connection = await ConnectAsync();
        await using var channel = await connection.CreateChannelAsync();
        var added = BusPeer.Wrap(BusWorld.Sender, new ItemPriced { Sku = "key1" }, "added");
        var route = Topology.RoutingKey(added.Type, added.Key);
        await channel.QueueBindAsync($"{BusWorld.Receiver}.{route[^1]}", Topology.Exchange, route);     // as the new version does
        await SendAsync(channel, Topology.Exchange, route, added.ToCloudEvent().ToByteArray());
        await Eventually.HoldsAsync(async () => (await _world.ParkedAsync()).Count == 1, "it is parked", Within);

        await _world.PublishAsync(13);

        await Eventually.HoldsAsync(async () => await _world.HeardAsync() == 25, "the other keys go on", Within);
        (await _world.ParkedAsync()).Select(row => (row.State, row.Key, row.Attempts)).ShouldBe([("retry", "key1", 0L), ("retry", "key1", 0L)]);
    }

    [Fact]
    public async Task Messages_wait_until_their_subscriber_has_bound_its_queues()
    {
        await _bus.StartRelayAsync();
        await _world.PublishAsync(40);
        await Eventually.HoldsAsync(() => _bus.Log.All.Any(line => line.Contains($"until {BusWorld.Receiver} have bound", StringComparison.Ordinal)), "it says so", Within);
        (await _bus.BacklogAsync()).ShouldBe(40);

        _bus.Join("late");

        await _world.ShouldHaveHeardEverythingAsync(Within);
    }

    [Fact]
    public async Task Of_two_relays_one_sends_and_the_other_takes_over_when_it_ends()
    {
        await _bus.StartAsync();
        await _world.PublishAsync(30);
        await _world.ShouldHaveHeardEverythingAsync(Within);
        var other = _bus.MakeRelay("other", out var running);
        await using var _ = running;
        await _world.PublishAsync(30);
        await _world.ShouldHaveHeardEverythingAsync(Within);
        (await EpochAsync()).ShouldBe(1);

        await _bus.StopRelayAsync();
        await _world.PublishAsync(30);

        await _world.ShouldHaveHeardEverythingAsync(Within);
        (await EpochAsync()).ShouldBe(2);
        await Eventually.HoldsAsync(async () => (await other.BacklogAsync(100, CancellationToken.None)).Messages == 0, "the other has sent all of it");
    }

    [Fact]
    public async Task A_queue_that_was_deleted_is_there_again_and_its_messages_waited()
    {
        await _bus.StartAsync();
        await _world.PublishAsync(60);
        await _world.ShouldHaveHeardEverythingAsync(Within);

        await _bus.Server.DeleteQueueAsync(_bus.Host, $"{BusWorld.Receiver}.3");
        await _world.PublishAsync(60);

        await Eventually.HoldsAsync(async () => await _world.HeardAsync() == 120, "every message was heard, once", Within);
        if (!_bus.Log.All.Any(line => line.Contains("No queue is bound", StringComparison.Ordinal)))
        {
            // Nothing came back to the sender, so nothing can have been overtaken (docs/decisions/0070-rabbitmq.md).
            await _world.ShouldHaveHeardEverythingAsync(Within);
        }
    }

    [Fact]
    public async Task A_message_that_no_queue_takes_is_not_lost_behind_those_that_are_taken()
    {
        await _bus.StartAsync();
        await _world.PublishAsync(13);
        await _world.ShouldHaveHeardEverythingAsync(Within);
        await _bus.StopRelayAsync();
        await using var connection = await ConnectAsync();
        await using var channel = await connection.CreateChannelAsync();
        var route = Topology.RoutingKey(BusWorld.Types[0], "key1");
        var queue = $"{BusWorld.Receiver}.{route[^1]}";
        await channel.QueueUnbindAsync(queue, Topology.Exchange, route);
        await _world.PublishAsync(1_000);       // some windows full, so that others are on their way when it comes back

        await _bus.StartRelayAsync("again");
        await Eventually.HoldsAsync(() => _bus.Log.All.Any(line => line.Contains("No queue is bound", StringComparison.Ordinal)), "it says so", Within);
        var connected = _bus.Log.All.Count(IsConnected);
        await Eventually.HoldsAsync(() => _bus.Log.All.Count(IsConnected) > connected, "it has begun again", Within);
        await channel.QueueBindAsync(queue, Topology.Exchange, route);

        // In what order is another matter: while queues come and go under a running sender the broker keeps none.
        await Eventually.HoldsAsync(async () => await _world.HeardAsync() == 1_013, "every message was heard, once", Within);

        static bool IsConnected(string line) => line.StartsWith("The relay is connected", StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_message_that_the_broker_gave_up_is_parked_dead_once_and_holds_up_its_key()
    {
        await _bus.StartAsync();
        await _world.PublishAsync(13);
        await _world.ShouldHaveHeardEverythingAsync(Within);
        var lost = Wrap("key1", "given-up");

        await using var connection = await ConnectAsync();
        await using var channel = await connection.CreateChannelAsync();
        for (var i = 0; i < 2; i++)
        {
            // As the broker routes it: by the dead-letter exchange of the queue, under the key that it had.
            await SendAsync(channel, $"{BusWorld.Receiver}.dead", Topology.RoutingKey(lost.Type, lost.Key), lost.ToCloudEvent().ToByteArray());
        }

        await Eventually.HoldsAsync(async () => (await _world.ParkedAsync()).Count == 1, "it is parked", Within);
        await _world.PublishAsync(13);
        await Eventually.HoldsAsync(async () => await _world.HeardAsync() == 25, "the other keys go on", Within);
        var parked = await _world.ParkedAsync();
        parked.Select(row => (row.State, row.Key)).ShouldBe([("dead", "key1"), ("retry", "key1")]);
        parked[0].Error!.ShouldContain("gave it up");
    }

    [Fact]
    public async Task The_broker_sets_aside_what_is_rejected_and_it_comes_to_the_parked()
    {
        // Bound, and then nobody there: somebody else rejects what has come.
        var instance = _bus.Join("first");
        await _bus.StartRelayAsync();
        await SharesBecomeAsync(("first", 8));
        await _bus.LeaveAsync(instance);
        await _world.PublishAsync(1);
        await using var connection = await ConnectAsync();
        await using var channel = await connection.CreateChannelAsync();
        var queue = $"{BusWorld.Receiver}.{Topology.RoutingKey("", "key1")[1..]}";
        var rejected = new TaskCompletionSource();
        var rejecting = new AsyncEventingBasicConsumer(channel);
        rejecting.ReceivedAsync += async (_, message) =>
        {
            await channel.BasicRejectAsync(message.DeliveryTag, requeue: false);
            rejected.SetResult();
        };
        await channel.BasicConsumeAsync(queue, autoAck: false, rejecting);
        await rejected.Task.WaitAsync(Within);
        await channel.CloseAsync();

        _bus.Join("second");

        await Eventually.HoldsAsync(async () => (await _world.ParkedAsync()) is [{ State: "dead", Key: "key1" }], "it is parked dead", Within);
        (await _world.ParkedAsync())[0].Error!.ShouldContain("rejected");
        (await _world.HeardAsync()).ShouldBe(0);
    }

    [Fact]
    public async Task What_may_not_be_sent_or_cannot_be_read_is_parked_dead_under_a_key_of_its_own()
    {
        await _bus.StartAsync();
        await _world.PublishAsync(13);
        await _world.ShouldHaveHeardEverythingAsync(Within);
        await using var connection = await ConnectAsync();
        await using var channel = await connection.CreateChannelAsync();
        var foreign = Wrap("key1", "foreign") with { Source = "payment-service" };
        var other = Wrap("key2", "other");
        await SendAsync(channel, Topology.Exchange, Topology.RoutingKey(foreign.Type, foreign.Key), foreign.ToCloudEvent().ToByteArray());
        await SendAsync(channel, Topology.Exchange, Topology.RoutingKey(other.Type, "key0"), other.ToCloudEvent().ToByteArray());
        await SendAsync(channel, Topology.Exchange, Topology.RoutingKey(other.Type, "key0"), [1, 2, 3]);
        var never = Wrap("key4", "never").ToCloudEvent();
        never.Attributes["time"].CeTimestamp.Seconds = long.MaxValue;
        await SendAsync(channel, Topology.Exchange, Topology.RoutingKey(other.Type, "key4"), never.ToByteArray());

        await Eventually.HoldsAsync(async () => (await _world.ParkedAsync()).Count == 4, "they are parked", Within);

        var parked = await _world.ParkedAsync();
        parked.ShouldAllBe(row => row.State == "dead" && row.Key.StartsWith("refused/", StringComparison.Ordinal));
        parked.ShouldContain(row => row.Error!.Contains("payment-service may not send", StringComparison.Ordinal));
        parked.ShouldContain(row => row.Error!.Contains("says that it is", StringComparison.Ordinal));
        parked.Count(row => row.Error!.Contains("cannot be read", StringComparison.Ordinal)).ShouldBe(2);
        await _world.PublishAsync(13);
        await Eventually.HoldsAsync(async () => await _world.HeardAsync() == 26, "what is genuine goes on", Within);
    }

    private static Envelope Wrap(string key, string id) => BusPeer.Wrap(BusWorld.Sender, new StockReserved { OrderId = key }, id);

    private static ValueTask SendAsync(IChannel channel, string exchange, string routingKey, byte[] body) =>
        channel.BasicPublishAsync(exchange, routingKey, mandatory: true, new BasicProperties { Persistent = true }, body);

    private Task<IConnection> ConnectAsync() => new ConnectionFactory { Uri = new Uri(_bus.Server.AddressOf(_bus.Host)) }.CreateConnectionAsync();

    private async Task<long> EpochAsync() => (await _world.Outgoing.QueryAsync<long>("select epoch from bus_cursor where name = 'rabbit'"))[0];

    private async Task SharesBecomeAsync(params (string Instance, int Queues)[] shares)
    {
        var wanted = shares.ToDictionary(share => share.Instance, share => share.Queues, StringComparer.Ordinal);
        await Eventually.HoldsAsync(async () =>
        {
            var now = await _bus.SharesAsync();
            return now.Count == wanted.Count && wanted.All(share => now.GetValueOrDefault(share.Key) == share.Value);
        }, $"the shares are {string.Join(", ", shares)}", Within);
    }
}

using System.Collections.Concurrent;
using Argosy.Chassis.Hosting.Bus;
using Argosy.Chassis.RabbitMq;
using Argosy.Testing;
using Microsoft.Extensions.Logging;

namespace Argosy.Chassis.Tests.Bus;

/// <summary>
/// A relay and any number of consuming instances on a virtual host of their own, which share a store each. Sender and receiver log in
/// as the users that the definitions make, and may do what these allow.
/// </summary>
internal sealed class RabbitTransport : ITransport
{
    /// <summary>Shorter than in production, so that tests see it run out.</summary>
    public static readonly TimeSpan LeaseTime = TimeSpan.FromSeconds(3);

    private static int _hosts;

    private readonly RabbitServer _server;
    private readonly BusWorld _world;
    private readonly List<Running> _consumers = [];
    private Running? _relay;

    private RabbitTransport(RabbitServer server, BusWorld world, string host)
    {
        (_server, _world, Host) = (server, world, host);
    }

    public string Host { get; }

    public Lines Log { get; } = new();

    public RabbitRelay Relay { get; private set; } = null!;

    public RabbitServer Server => _server;

    public static async Task<RabbitTransport> MakeAsync(BusWorld world)
    {
        var server = await SharedBroker.GetAsync();
        return new RabbitTransport(server, world, await AddHostAsync(server));
    }

    /// <summary>A virtual host with a user for each service.</summary>
    public static async Task<string> AddHostAsync(RabbitServer server)
    {
        var host = $"bus{Interlocked.Increment(ref _hosts)}";
        await server.AddHostAsync(host);
        await server.LoadAsync(BrokerDefinitions.Write(Catalog.Embedded, host), PasswordOf);
        return host;
    }

    public static string PasswordOf(string service) => $"the secret of {service}";

    public static RabbitUrl UrlOf(RabbitServer server, string host, string service) => RabbitUrl.Parse(server.AddressOf(host, service, PasswordOf(service)), out _)!;

    public async Task StartAsync()
    {
        await StartRelayAsync();
        Join("first");
    }

    public async Task<RabbitRelay> StartRelayAsync(string instance = "relay")
    {
        await RabbitRelay.RegisterAsync(BusWorld.Sender, _world.Outgoing, TimeProvider.System, CancellationToken.None);
        var relay = MakeRelay(instance, out var running);
        (Relay, _relay) = (relay, running);
        return relay;
    }

    /// <summary>A relay that this one doesn't stop.</summary>
    public RabbitRelay MakeRelay(string instance, out Running running)
    {
        var relay = new RabbitRelay(
            BusWorld.Sender, instance, [.. BusWorld.Types, "argosy.inventory.v1.ItemPriced"], [new Subscription(BusWorld.Receiver, BusWorld.Types)], LeaseTime,
            _world.Outgoing, new Broker("relay", BusWorld.Sender, UrlOf(_server, Host, BusWorld.Sender), TimeProvider.System, new Random(1), Log), TimeProvider.System, Log);
        running = new Running(relay.RunAsync);
        return relay;
    }

    public async Task StopRelayAsync()
    {
        await _relay!.DisposeAsync();
        _relay = null;
    }

    /// <summary>One more instance of the receiver.</summary>
    public Running Join(string instance)
    {
        var intake = new Intake(BusWorld.Receiver, (source, type) => source == BusWorld.Sender || !BusWorld.Types.Contains(type), _world.Lanes, _world.Inbox, Log);
        var consumer = new RabbitConsumer(
            new Topology(BusWorld.Receiver, BusWorld.Types, ["argosy.inventory.v1.ItemPriced"]), instance, LeaseTime, intake, _world.Incoming,
            new Broker("consumer", BusWorld.Receiver, UrlOf(_server, Host, BusWorld.Receiver), TimeProvider.System, new Random(2), Log), TimeProvider.System, Log);
        var running = new Running(consumer.RunAsync);
        _consumers.Add(running);
        return running;
    }

    public async Task LeaveAsync(Running instance)
    {
        _consumers.Remove(instance);
        await instance.DisposeAsync();
    }

    public Task CutAsync() => _server.CutConnectionsAsync(Host);

    // First asked to end, then killed. Not the other way round: a kill within a moment of making the queues can leave one of them unable
    // to work (docs/decisions/0070-rabbitmq.md).
    public async Task RestartAsync()
    {
        await _server.StopAsync();
        await _server.StartNodeAsync();
        await _world.PublishAsync(200);
        await _server.KillAsync();
        await _server.StartNodeAsync();
    }

    public async Task PauseAsync()
    {
        _server.Pause();
        await _world.PublishAsync(300);         // meanwhile
        _server.Resume();
    }

    public async Task<long> BacklogAsync() => (await Relay.BacklogAsync(10_000, CancellationToken.None)).Messages;

    /// <summary>Who holds which queues, by the database.</summary>
    public async Task<IReadOnlyDictionary<string, int>> SharesAsync()
    {
        var owners = await _world.Incoming.QueryAsync<string>($"select owner from sys_lease where name like 'bus/queue/%' and until > {_world.Incoming.NowSql}");
        return owners.GroupBy(owner => owner, StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.Count(), StringComparer.Ordinal);
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll([_relay?.DisposeAsync().AsTask() ?? Task.CompletedTask, .. _consumers.Select(consumer => consumer.DisposeAsync().AsTask())]);
    }

    /// <summary>Something that runs until it is told to stop.</summary>
    internal sealed class Running : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly Task _run;

        public Running(Func<CancellationToken, Task> run) => _run = run(_stop.Token);

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _run.WaitAsync(TimeSpan.FromSeconds(60));
            _stop.Dispose();
        }
    }

    /// <summary>What was logged, line by line.</summary>
    internal sealed class Lines : ILogger
    {
        private readonly ConcurrentQueue<string> _lines = new();

        public IReadOnlyCollection<string> All => _lines;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            _lines.Enqueue(formatter(state, exception));
    }
}

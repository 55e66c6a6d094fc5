using Argosy.Chassis.Messaging;
using Argosy.Chassis.Store;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Argosy.Chassis.RabbitMq;

/// <summary>What the catalogue says of a service and of those whom it speaks to and hears.</summary>
/// <param name="Service">This service.</param>
/// <param name="Publishes">Types that it may publish.</param>
/// <param name="Handles">Types that it handles.</param>
/// <param name="Subscribers">Who handles something that it publishes.</param>
/// <param name="Others">All other types of the catalogue.</param>
/// <param name="MayPublish">Whether a service (first) may publish a type (second), as far as this version knows the type.</param>
internal sealed record BusPart(
    string Service, IReadOnlyList<string> Publishes, IReadOnlyList<string> Handles, IReadOnlyList<Subscription> Subscribers,
    IReadOnlyList<string> Others, Func<string, string, bool> MayPublish);

/// <summary>A service's bus over RabbitMQ: its relay and its consumer, each on a connection of its own.</summary>
internal sealed class RabbitBus : BackgroundService, IBus
{
    /// <summary>How long a lease lasts: what an instance that is gone without a word had, others have after this time.</summary>
    public static readonly TimeSpan LeaseTime = TimeSpan.FromSeconds(15);

    private readonly BusPart _part;
    private readonly IStore _store;
    private readonly TimeProvider _time;
    private readonly Broker _sending;
    private readonly Broker _taking;
    private readonly RabbitRelay _relay;
    private readonly RabbitConsumer _consumer;

    public RabbitBus(BusPart part, string instance, TimeSpan leaseTime, RabbitUrl url, IStore store, Lanes lanes, Inbox inbox, TimeProvider time, ILogger<RabbitBus> log)
    {
        (_part, _store, _time) = (part, store, time);
        _sending = new Broker("relay", part.Service, url, time, Random.Shared, log);
        _taking = new Broker("consumer", part.Service, url, time, Random.Shared, log);
        _relay = new RabbitRelay(part.Service, instance, part.Publishes, part.Subscribers, leaseTime, store, _sending, time, log);
        var intake = new Intake(part.Service, part.MayPublish, lanes, inbox, log);
        _consumer = new RabbitConsumer(new Topology(part.Service, part.Handles, part.Others), instance, leaseTime, intake, store, _taking, time, log);
    }

    /// <inheritdoc/>
    public string? Fault => _sending.Fault ?? _taking.Fault;

    /// <inheritdoc/>
    public IReadOnlyList<IRelay> Relays => [_relay];

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await RabbitRelay.RegisterAsync(_part.Service, _store, _time, cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(_relay.RunAsync(stoppingToken), _consumer.RunAsync(stoppingToken));
}

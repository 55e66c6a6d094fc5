using System.Globalization;
using Microsoft.Extensions.Logging;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace Argosy.Chassis.RabbitMq;

/// <summary>What a service has on the broker, and what it is called. Everybody may declare it again and again; each declares their own only.</summary>
/// <param name="service">The consuming service.</param>
/// <param name="handles">The types that it handles.</param>
/// <param name="others">The other types of the catalogue: bindings for them are left over from earlier versions.</param>
internal sealed partial class Topology(string service, IReadOnlyList<string> handles, IReadOnlyList<string> others)
{
    /// <summary>Where everybody publishes.</summary>
    public const string Exchange = "argosy";

    /// <summary>Queues of a service: as many instances can share its messages.</summary>
    public const int Partitions = 8;

    // A message that kills the process comes back; at some time it is set aside. High, because whatever else ends a process counts too.
    private const int DeliveryLimit = 1_000;

    // The dead-letter queue has nowhere to go on to: beyond its limit a message would be dropped.
    private const int NoLimit = 1_000_000;

    private const int NotFound = 404;
    private const int AccessRefused = 403;

    /// <summary>Where dead letters of the service's queues end.</summary>
    public string DeadLetters => $"{service}.dead";

    /// <summary>
    /// An exchange that nothing goes through. It is declared last, so whoever sees it knows that every binding for these types is
    /// there; a message published before would be lost to this service, or come in another order.
    /// </summary>
    public string Marker => MarkerOf(service, handles);

    public static string MarkerOf(string service, IReadOnlyList<string> handles) => string.Create(
        CultureInfo.InvariantCulture, $"{service}.bound.{Fnv1a.Of(string.Join('\n', handles.Order(StringComparer.Ordinal))):x8}");

    /// <summary>Messages of one key take one queue.</summary>
    public static string RoutingKey(string type, string key) => Route(type, (int)(Fnv1a.Of(key) % Partitions));

    public string Queue(int partition) => string.Create(CultureInfo.InvariantCulture, $"{service}.{partition}");

    /// <summary>Makes sure of the exchange. A service that may not configure it finds it there.</summary>
    public static async Task DeclareExchangeAsync(IConnection connection, CancellationToken cancellation)
    {
        if (!await ExistsAsync(connection, Exchange, cancellation))
        {
            await using var own = await OwnChannel.OpenAsync(connection, cancellation);
            var channel = own.Channel;
            await channel.ExchangeDeclareAsync(Exchange, ExchangeType.Topic, durable: true, autoDelete: false, cancellationToken: cancellation);
        }
    }

    /// <summary>Whether there is such an exchange. Asking for one that isn't costs the channel, hence one for each question.</summary>
    public static async Task<bool> ExistsAsync(IConnection connection, string exchange, CancellationToken cancellation)
    {
        await using var own = await OwnChannel.OpenAsync(connection, cancellation);
        var channel = own.Channel;
        try
        {
            await channel.ExchangeDeclarePassiveAsync(exchange, cancellation);
            return true;
        }
        catch (OperationInterruptedException e) when (e.ShutdownReason?.ReplyCode == NotFound)
        {
            return false;
        }
    }

    /// <summary>Declares the service's queues, their bindings and where their dead letters go.</summary>
    public async Task DeclareAsync(IConnection connection, ILogger log, CancellationToken cancellation)
    {
        await DeclareExchangeAsync(connection, cancellation);
        if (!await ExistsAsync(connection, Marker, cancellation))
        {
            await UnbindAsync(connection, log, cancellation);
        }

        await using var own = await OwnChannel.OpenAsync(connection, cancellation);
        var channel = own.Channel;
        await channel.ExchangeDeclareAsync(DeadLetters, ExchangeType.Fanout, durable: true, autoDelete: false, cancellationToken: cancellation);
        await DeclareQueueAsync(channel, DeadLetters, new Dictionary<string, object?>(StringComparer.Ordinal) { ["x-delivery-limit"] = NoLimit }, cancellation);
        await channel.QueueBindAsync(DeadLetters, DeadLetters, "", cancellationToken: cancellation);
        for (var partition = 0; partition < Partitions; partition++)
        {
            await DeclareQueueAsync(channel, Queue(partition), new Dictionary<string, object?>(StringComparer.Ordinal)
            {
                ["x-delivery-limit"] = DeliveryLimit,
                ["x-dead-letter-exchange"] = DeadLetters,
                ["x-dead-letter-strategy"] = "at-least-once",
                ["x-overflow"] = "reject-publish",      // which at-least-once asks for
            }, cancellation);
            foreach (var type in handles)
            {
                await channel.QueueBindAsync(Queue(partition), Exchange, Route(type, partition), cancellationToken: cancellation);
            }
        }

        await channel.ExchangeDeclareAsync(Marker, ExchangeType.Fanout, durable: true, autoDelete: false, cancellationToken: cancellation);
    }

    private static Task<QueueDeclareOk> DeclareQueueAsync(IChannel channel, string queue, Dictionary<string, object?> arguments, CancellationToken cancellation)
    {
        arguments["x-queue-type"] = "quorum";
        arguments["x-single-active-consumer"] = true;
        return channel.QueueDeclareAsync(queue, durable: true, exclusive: false, autoDelete: false, arguments, cancellationToken: cancellation);
    }

    // AMQP cannot list bindings, but it takes back one that was never made. A user with tight topic permissions may not touch
    // bindings of foreign types: then they stay, and what comes through them is parked.
    private async Task UnbindAsync(IConnection connection, ILogger log, CancellationToken cancellation)
    {
        await using var own = await OwnChannel.OpenAsync(connection, cancellation);
        var channel = own.Channel;
        try
        {
            for (var partition = 0; partition < Partitions; partition++)
            {
                foreach (var type in others)
                {
                    await channel.QueueUnbindAsync(Queue(partition), Exchange, Route(type, partition), cancellationToken: cancellation);
                }
            }
        }
        catch (OperationInterruptedException e) when (e.ShutdownReason?.ReplyCode is AccessRefused or NotFound)
        {
            LogStay(log, service, e.ShutdownReason.ReplyText);
        }
    }

    private static string Route(string type, int partition) => string.Create(CultureInfo.InvariantCulture, $"{type}.{partition}");

    [LoggerMessage(Level = LogLevel.Debug, Message = "Bindings of {Service} for types that it does not handle, if there are any, stay: {Reason}")]
    private static partial void LogStay(ILogger logger, string service, string reason);
}

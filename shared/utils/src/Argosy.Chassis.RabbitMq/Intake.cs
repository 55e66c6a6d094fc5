using System.Text;
using Argosy.Chassis.Messaging;
using Microsoft.Extensions.Logging;

namespace Argosy.Chassis.RabbitMq;

/// <summary>
/// What becomes of a delivery. Most go to the lane of their key. What must not run is parked dead under an identity and a key of its
/// own, so that no forgery can stand in for, or hold up, what is genuine.
/// </summary>
/// <param name="service">This service.</param>
/// <param name="mayPublish">Whether the catalogue lets a service (first) publish a type (second).</param>
/// <param name="lanes">One at a time for each key.</param>
/// <param name="inbox">Where they have their effect.</param>
/// <param name="log">Where it is said.</param>
internal sealed partial class Intake(
    string service, Func<string, string, bool> mayPublish, Lanes lanes, Inbox inbox, ILogger log)
{
    /// <summary>A message of one of the service's queues; returns when it is committed or parked.</summary>
    public Task TakeAsync(Delivery delivery, CancellationToken cancellation)
    {
        var envelope = delivery.Envelope;
        if (Refusal(delivery) is { } reason)
        {
            LogRefused(log, envelope.Type, envelope.Id, reason);
            return RefuseAsync(envelope, reason, cancellation);
        }

        return lanes.RunAsync(envelope.Key, c => inbox.ReceiveAsync(envelope, c), cancellation);
    }

    /// <summary>A message that the broker gave up: it is dead here too, and holds up its key, until an operator decides.</summary>
    public Task BuryAsync(Delivery delivery, CancellationToken cancellation)
    {
        var envelope = delivery.Envelope;
        var reason = $"The broker gave it up ({FirstDeath(delivery)}): it was delivered again and again, and never acknowledged.";
        LogRefused(log, envelope.Type, envelope.Id, reason);
        return Refusal(delivery) is { } refusal
            ? RefuseAsync(envelope, refusal, cancellation)
            : lanes.RunAsync(envelope.Key, c => inbox.BuryAsync(envelope, reason, c), cancellation);
    }

    // The broker lets a user publish by routing key; what is inside must not say otherwise.
    private string? Refusal(Delivery delivery) => delivery switch
    {
        { Unreadable: { } fault } => $"It cannot be read: {fault}",
        { Envelope: var e } when delivery.RoutingKey != Topology.RoutingKey(e.Type, e.Key) => $"It came as {delivery.RoutingKey}, and says that it is {e.Type} of '{e.Key}'.",
        { Envelope: var e } when !mayPublish(e.Source, e.Type) => $"{e.Source} may not send {e.Type} to {service}.",
        _ => null,
    };

    private Task RefuseAsync(Envelope envelope, string reason, CancellationToken cancellation)
    {
        var refused = envelope with { Id = $"refused/{envelope.Id}", Key = $"refused/{envelope.Key}", Headers = envelope.Headers with { Undoes = null } };
        return lanes.RunAsync(refused.Key, c => inbox.BuryAsync(refused, reason, c), cancellation);
    }

    private static string FirstDeath(Delivery delivery) =>
        delivery.Headers.GetValueOrDefault("x-first-death-reason") is byte[] reason ? Encoding.UTF8.GetString(reason) : "no reason given";

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Type} {MessageId} is parked dead: {Reason}")]
    private static partial void LogRefused(ILogger logger, string type, string messageId, string reason);
}

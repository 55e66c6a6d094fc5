using System.Security.Cryptography;
using System.Text;
using Argosy.Chassis.Messaging;
using Argosy.Chassis.Messaging.Wire;
using Google.Protobuf;
using RabbitMQ.Client;

namespace Argosy.Chassis.RabbitMq;

/// <summary>A message as it came: the envelope, or why it cannot be read.</summary>
internal sealed record Delivery(Envelope Envelope, string? Unreadable, string RoutingKey, IReadOnlyDictionary<string, object?> Headers);

/// <summary>CloudEvents in structured mode, protobuf format: what the brokerless bus sends too. Properties repeat what operators look for.</summary>
internal static class Wire
{
    private const string ContentType = "application/cloudevents+protobuf";

    public static (BasicProperties Properties, byte[] Body) Write(Envelope envelope)
    {
        var properties = new BasicProperties
        {
            ContentType = ContentType,
            DeliveryMode = DeliveryModes.Persistent,
            MessageId = envelope.Id,
            Type = envelope.Type,
            AppId = envelope.Source,
            Timestamp = new AmqpTimestamp(envelope.Time.ToUnixTimeSeconds()),
        };
        return (properties, envelope.ToCloudEvent().ToByteArray());
    }

    /// <summary>Reads a delivery. What cannot be read comes in an envelope all the same, so that an operator can look at it.</summary>
    public static Delivery Read(string routingKey, IReadOnlyBasicProperties properties, ReadOnlySpan<byte> body, DateTimeOffset now)
    {
        var headers = properties.Headers is { } given ? new Dictionary<string, object?>(given, StringComparer.Ordinal) : [];
        try
        {
            return new Delivery(Envelope.FromCloudEvent(CloudEvent.Parser.ParseFrom(body)), null, routingKey, headers);
        }
        catch (Exception e) when (e is InvalidProtocolBufferException or FormatException)
        {
            var id = Convert.ToHexStringLower(SHA256.HashData([.. Encoding.UTF8.GetBytes(routingKey), .. body]));
            var envelope = new Envelope(id, "unknown", "unreadable", id, now, new MessageHeaders(), ByteString.CopyFrom(body));
            return new Delivery(envelope, e.Message, routingKey, headers);
        }
    }
}

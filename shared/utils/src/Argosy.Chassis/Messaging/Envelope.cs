using System.Text.Json;
using System.Text.Json.Serialization;
using Argosy.Chassis.Messaging.Wire;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Attribute = Argosy.Chassis.Messaging.Wire.CloudEvent.Types.CloudEventAttributeValue;

namespace Argosy.Chassis.Messaging;

/// <summary>A message on its way: CloudEvents 1.0 with the extensions of <see cref="MessageHeaders"/>.</summary>
/// <param name="Id">Unique for good: the inbox knows a message by it.</param>
/// <param name="Source">The service that published it.</param>
/// <param name="Type">The protobuf full name.</param>
/// <param name="Key">The CloudEvents <c>subject</c>: messages with equal keys keep their order.</param>
/// <param name="Time">When the write set was filled.</param>
/// <param name="Headers">What travels beside the body.</param>
/// <param name="Body">The protobuf message.</param>
public sealed record Envelope(string Id, string Source, string Type, string Key, DateTimeOffset Time, MessageHeaders Headers, ByteString Body)
{
    private const string SpecVersion = "1.0";
    private const string ContentType = "application/protobuf";
    private static readonly JsonSerializerOptions Json = new() { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    /// <summary>An envelope around a message.</summary>
    public static Envelope Of(IMessage message, string id, string source, MessageHeaders headers, DateTimeOffset now)
    {
        var type = MessageType.Of(message);
        return new Envelope(id, source, type.Name, type.KeyOf(message), now, headers, message.ToByteString());
    }

    /// <summary>The headers as the outbox keeps them.</summary>
    public static string WriteHeaders(MessageHeaders headers) => JsonSerializer.Serialize(headers, Json);

    /// <summary>What <see cref="WriteHeaders"/> wrote.</summary>
    public static MessageHeaders ReadHeaders(string json) => JsonSerializer.Deserialize<MessageHeaders>(json, Json) ?? new MessageHeaders();

    /// <summary>The CloudEvent that goes over the wire and into <c>bus_parked</c>.</summary>
    public CloudEvent ToCloudEvent()
    {
        var wire = new CloudEvent { Id = Id, Source = Source, SpecVersion = SpecVersion, Type = Type, BinaryData = Body };
        wire.Attributes["subject"] = new Attribute { CeString = Key };
        wire.Attributes["time"] = new Attribute { CeTimestamp = Timestamp.FromDateTimeOffset(Time) };
        wire.Attributes["datacontenttype"] = new Attribute { CeString = ContentType };
        Put(wire, "traceparent", Headers.TraceParent);
        Put(wire, "tracestate", Headers.TraceState);
        Put(wire, "baggage", Headers.Baggage);
        Put(wire, "correlationid", Headers.CorrelationId);
        Put(wire, "causationid", Headers.CausationId);
        Put(wire, "sagaid", Headers.SagaId);
        Put(wire, "sagastep", Headers.SagaStep);
        Put(wire, "undoes", Headers.Undoes);
        return wire;
    }

    /// <summary>Reads a CloudEvent; throws <see cref="FormatException"/> naming the attribute that is missing or foreign.</summary>
    public static Envelope FromCloudEvent(CloudEvent wire)
    {
        if (wire.SpecVersion != SpecVersion)
        {
            throw new FormatException($"CloudEvents specversion '{wire.SpecVersion}' is not {SpecVersion}.");
        }

        if (wire.DataCase != CloudEvent.DataOneofCase.BinaryData || Get(wire, "datacontenttype") != ContentType)
        {
            throw new FormatException($"The data of event '{wire.Id}' must be binary, of type {ContentType}.");
        }

        var headers = new MessageHeaders
        {
            TraceParent = Get(wire, "traceparent"),
            TraceState = Get(wire, "tracestate"),
            Baggage = Get(wire, "baggage"),
            CorrelationId = Get(wire, "correlationid"),
            CausationId = Get(wire, "causationid"),
            SagaId = Get(wire, "sagaid"),
            SagaStep = Get(wire, "sagastep"),
            Undoes = Get(wire, "undoes"),
        };
        var time = TimeOf(wire);
        return new Envelope(Must(wire.Id, "id"), Must(wire.Source, "source"), Must(wire.Type, "type"), Must(Get(wire, "subject"), "subject"), time, headers, wire.BinaryData);
    }

    /// <summary>Reads what <see cref="ToCloudEvent"/> put into <c>bus_parked</c>.</summary>
    public static Envelope Parse(byte[] stored) => FromCloudEvent(CloudEvent.Parser.ParseFrom(stored));

    private static DateTimeOffset TimeOf(CloudEvent wire)
    {
        try
        {
            return wire.Attributes.TryGetValue("time", out var at) && at.CeTimestamp is { } stamp
                ? stamp.ToDateTimeOffset()
                : throw new FormatException($"Event '{wire.Id}' has no time.");
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentOutOfRangeException)
        {
            throw new FormatException($"Event '{wire.Id}' has a time that there is not.", e);
        }
    }

    private static string Must(string? value, string name) => string.IsNullOrEmpty(value) ? throw new FormatException($"An event has no {name}.") : value;

    private static void Put(CloudEvent wire, string name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            wire.Attributes[name] = new Attribute { CeString = value };
        }
    }

    private static string? Get(CloudEvent wire, string name) =>
        wire.Attributes.TryGetValue(name, out var value) && value.AttrCase == Attribute.AttrOneofCase.CeString ? value.CeString : null;
}

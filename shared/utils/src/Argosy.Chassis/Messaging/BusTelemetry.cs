using System.Diagnostics;
using System.Diagnostics.Metrics;
using Argosy.Chassis.Telemetry;

namespace Argosy.Chassis.Messaging;

/// <summary>
/// Spans and metrics of what is published and processed, by OpenTelemetry's messaging conventions. A destination is a message type.
/// </summary>
internal static class BusTelemetry
{
    private const string Name = "Argosy.Bus";

    /// <summary>What the brokerless bus is called in <c>messaging.system</c>.</summary>
    public const string Push = "argosy";

    /// <summary>What RabbitMQ is called there, by OpenTelemetry's conventions.</summary>
    public const string RabbitMq = "rabbitmq";

    private static readonly Meter Meter = new(Name);

    private static readonly Counter<long> Sent = Meter.CreateCounter<long>("messaging.client.sent.messages", "{message}", "Messages that a subscriber, or the broker, acknowledged.");

    private static readonly Counter<long> Consumed = Meter.CreateCounter<long>("messaging.client.consumed.messages", "{message}", "Messages that arrived, repeats included.");

    private static readonly Histogram<double> Processing = Meter.CreateHistogram<double>("messaging.process.duration", "s", "From the start of a message's handler to the end of its commit.");

    private static readonly Counter<long> Parked = Meter.CreateCounter<long>("argosy.bus.parked", "{message}", "Messages that had to wait or were given up, by what they wait for.");

    public static ActivitySource Source { get; } = new(Name);

    /// <summary>A subscriber has acknowledged a batch.</summary>
    public static void Acknowledged(IReadOnlyList<Envelope> batch, string subscriber, string system = Push)
    {
        foreach (var envelope in batch)
        {
            Sent.Add(1, new TagList { { "messaging.system", system }, { "messaging.operation.name", "publish" }, { "messaging.destination.name", envelope.Type }, { "argosy.bus.subscriber", subscriber } });
        }
    }

    /// <summary>A message has arrived.</summary>
    public static void Arrived(string type, string system) =>
        Consumed.Add(1, new TagList { { "messaging.system", system }, { "messaging.operation.name", "process" }, { "messaging.destination.name", type } });

    /// <summary>A message's handler has ended, well or not.</summary>
    public static void Processed(string type, string system, TimeSpan took, string? error)
    {
        var tags = new TagList { { "messaging.system", system }, { "messaging.operation.name", "process" }, { "messaging.destination.name", type } };
        if (error is not null)
        {
            tags.Add("error.type", error);
        }

        Processing.Record(took.TotalSeconds, tags);
    }

    /// <summary>A message was parked.</summary>
    public static void Park(string type, string state) =>
        Parked.Add(1, new TagList { { "messaging.destination.name", type }, { "argosy.bus.state", state } });

    /// <summary>
    /// The span of a message's handling, under the span that published it: one trace covers the whole order, joined over the bus, a
    /// retry hours later included.
    /// </summary>
    public static Activity? StartProcess(Envelope envelope, string system)
    {
        _ = ActivityContext.TryParse(envelope.Headers.TraceParent, envelope.Headers.TraceState, isRemote: true, out var parent);
        var span = Source.StartActivity($"process {envelope.Type}", ActivityKind.Consumer, parent);
        if (span is not null)
        {
            Correlation.Adopt(span, envelope.Headers.CorrelationId);
            Describe(span, envelope, "process", system);
            span.SetTag("argosy.bus.publisher", envelope.Source);
        }

        return span;
    }

    /// <summary>
    /// The span of a message on its way to one subscriber, under the span that decided to publish it. Null where that is not recorded:
    /// then the message carries what it carried.
    /// </summary>
    public static Activity? StartPublish(Envelope envelope, string subscriber, string system = Push)
    {
        if (!ActivityContext.TryParse(envelope.Headers.TraceParent, envelope.Headers.TraceState, isRemote: true, out var parent)
            || !parent.TraceFlags.HasFlag(ActivityTraceFlags.Recorded))
        {
            return null;
        }

        var span = Source.StartActivity($"publish {envelope.Type}", ActivityKind.Producer, parent);
        if (span is not null)
        {
            Describe(span, envelope, "publish", system);
            span.SetTag("argosy.bus.subscriber", subscriber);
        }

        return span;
    }

    private static void Describe(Activity span, Envelope envelope, string operation, string system) => span
        .SetTag("messaging.system", system)
        .SetTag("messaging.operation.name", operation)
        .SetTag("messaging.operation.type", operation == "publish" ? "send" : "process")
        .SetTag("messaging.destination.name", envelope.Type)
        .SetTag("messaging.message.id", envelope.Id)
        .SetTag("messaging.message.conversation_id", envelope.Key);
}

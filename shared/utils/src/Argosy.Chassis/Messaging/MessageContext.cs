using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Argosy.Chassis.Messaging;

/// <summary>What travels beside a message's body: CloudEvents extensions, in their names on the wire.</summary>
public sealed record MessageHeaders
{
    /// <summary>W3C trace context of the span that filled the write set.</summary>
    [JsonPropertyName("traceparent")] public string? TraceParent { get; init; }

    /// <summary>W3C trace state.</summary>
    [JsonPropertyName("tracestate")] public string? TraceState { get; init; }

    /// <summary>W3C baggage.</summary>
    [JsonPropertyName("baggage")] public string? Baggage { get; init; }

    /// <summary>One value for everything that a customer's request set off.</summary>
    [JsonPropertyName("correlationid")] public string? CorrelationId { get; init; }

    /// <summary>The message or request that caused this one.</summary>
    [JsonPropertyName("causationid")] public string? CausationId { get; init; }

    /// <summary>The saga that a command belongs to; participants copy it to their reply.</summary>
    [JsonPropertyName("sagaid")] public string? SagaId { get; init; }

    /// <summary>The step, direction and attempt that a command belongs to; participants copy it to their reply.</summary>
    [JsonPropertyName("sagastep")] public string? SagaStep { get; init; }

    /// <summary>Ids of the commands that this command undoes, separated by commas.</summary>
    [JsonPropertyName("undoes")] public string? Undoes { get; init; }

    /// <summary>The commands that this one undoes, one by one.</summary>
    [JsonIgnore]
    public IReadOnlyList<string> UndoneIds => string.IsNullOrEmpty(Undoes) ? [] : Undoes.Split(',');
}

/// <summary>What caused a write set. Intents store it (<see cref="Save"/>), so that an outcome found hours later still belongs to its saga and trace.</summary>
/// <param name="Id">The id of the causing message or request: new identities derive from it.</param>
/// <param name="Source">The service in which the write set is filled.</param>
/// <param name="Headers">The headers of the cause.</param>
public sealed record MessageContext(string Id, string Source, MessageHeaders Headers)
{
    private static readonly JsonSerializerOptions Json = new() { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    /// <summary>The context of a message that is being handled.</summary>
    public static MessageContext Of(Envelope envelope, string service) => new(envelope.Id, service, envelope.Headers);

    /// <summary>As text, for an intent's row.</summary>
    public string Save() => JsonSerializer.Serialize(this with { Headers = Current(Headers) }, Json);

    /// <summary>What <see cref="Save"/> wrote.</summary>
    public static MessageContext Load(string saved) =>
        JsonSerializer.Deserialize<MessageContext>(saved, Json) ?? throw new JsonException("A stored message context is null.");

    /// <summary>A context of the same cause for another decision about it: identities born in the two never meet.</summary>
    public MessageContext For(string purpose) => this with { Id = Ids.From($"{Id}/{purpose}") };

    /// <summary>Headers of a message that is published because of this: saga headers are copied, <c>undoes</c> is not.</summary>
    internal MessageHeaders Cause() => Current(Headers) with { CausationId = Id, Undoes = null };

    internal string EventMeta() => JsonSerializer.Serialize(new { correlationId = Headers.CorrelationId, causationId = Id, traceParent = Current(Headers).TraceParent }, Json);

    // Captured when the write set is filled, not when it is sent: the span of now is the parent of whoever handles the message.
    private static MessageHeaders Current(MessageHeaders headers) => Activity.Current is { } span
        ? headers with { TraceParent = span.Id, TraceState = span.TraceStateString }
        : headers;
}

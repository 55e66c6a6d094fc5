using System.Text.Json;
using System.Text.Json.Serialization;

namespace Argosy.PaymentProvider;

// Stripe's objects, as far as they are spoken here. Names become snake_case on the wire.

internal sealed record PaymentIntentResource(
    string Id, string Object, long Amount, long AmountReceived, string Currency, string Status, string? PaymentMethod,
    IReadOnlyList<string> PaymentMethodTypes, IReadOnlyDictionary<string, string> Metadata, StripeError? LastPaymentError,
    string? LatestCharge, long? CanceledAt, long Created, bool Livemode);

internal sealed record RefundResource(
    string Id, string Object, long Amount, string Charge, string Currency, string PaymentIntent, string? Reason, string Status,
    IReadOnlyDictionary<string, string> Metadata, long Created);

internal sealed record ChargeResource(
    string Id, string Object, long Amount, long AmountCaptured, long AmountRefunded, bool Captured, bool Refunded, bool Paid, string Currency,
    string PaymentIntent, string Status, IReadOnlyDictionary<string, string> Metadata, long Created, bool Livemode);

internal sealed record ResourceList<T>(string Object, string Url, bool HasMore, IReadOnlyList<T> Data);

internal sealed record StripeError(
    string Type, string Message, string? Code = null, string? DeclineCode = null, string? Param = null, PaymentIntentResource? PaymentIntent = null);

internal sealed record ErrorBody(StripeError Error);

internal sealed record EventResource<T>(
    string Id, string Object, string ApiVersion, long Created, string Type, bool Livemode, int PendingWebhooks, EventData<T> Data);

internal sealed record EventData<T>(T Object);

internal sealed record BalanceResource(string Object, bool Livemode, IReadOnlyList<BalanceAmount> Available);

internal sealed record BalanceAmount(long Amount, string Currency);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(PaymentIntentResource))]
[JsonSerializable(typeof(RefundResource))]
[JsonSerializable(typeof(ResourceList<PaymentIntentResource>))]
[JsonSerializable(typeof(ResourceList<RefundResource>))]
[JsonSerializable(typeof(EventResource<PaymentIntentResource>))]
[JsonSerializable(typeof(EventResource<ChargeResource>))]
[JsonSerializable(typeof(EventResource<RefundResource>))]
[JsonSerializable(typeof(BalanceResource))]
[JsonSerializable(typeof(ErrorBody))]
[JsonSerializable(typeof(Dictionary<string, string>))]
internal sealed partial class StripeJson : JsonSerializerContext;

/// <summary>What is ours and not Stripe's is camelCase.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(Knobs))]
[JsonSerializable(typeof(KnobsChange))]
internal sealed partial class OwnJson : JsonSerializerContext;

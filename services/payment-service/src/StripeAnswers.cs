using System.Text.Json;

namespace Argosy.Payments;

/// <summary>What Stripe's answers mean to us. Pure.</summary>
internal static class StripeAnswers
{
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    public static ProviderAnswer<ProviderIntent> Intent(int status, ReadOnlySpan<byte> body) => Read<StripeIntent, ProviderIntent>(status, body, Translate);

    public static ProviderAnswer<ProviderRefund> Refund(int status, ReadOnlySpan<byte> body) => Read<StripeRefund, ProviderRefund>(status, body, Translate);

    public static ProviderAnswer<IReadOnlyList<ProviderIntent>> Intents(int status, ReadOnlySpan<byte> body) =>
        Read<StripeList<StripeIntent>, IReadOnlyList<ProviderIntent>>(status, body, list => [.. list.Data.Select(Translate)]);

    public static ProviderAnswer<IReadOnlyList<ProviderRefund>> Refunds(int status, ReadOnlySpan<byte> body) =>
        Read<StripeList<StripeRefund>, IReadOnlyList<ProviderRefund>>(status, body, list => [.. list.Data.Select(Translate)]);

    /// <summary>What an event is about; null for one that is about neither an intent, nor a charge, nor a refund of ours.</summary>
    public static ProviderEvent? Event(ReadOnlySpan<byte> body)
    {
        try
        {
            var said = JsonSerializer.Deserialize<StripeEvent>(body, Json);
            return said is { Id.Length: > 0, Type: not null, Data.Object: { } about }
                ? new ProviderEvent(said.Id, said.Type, about.Metadata?.GetValueOrDefault(StripeAdapter.PaymentIdKey))
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static ProviderAnswer<TOurs> Read<TTheirs, TOurs>(int status, ReadOnlySpan<byte> body, Func<TTheirs, TOurs> translate)
        where TTheirs : class
    {
        try
        {
            return status switch
            {
                >= 200 and < 300 => new ProviderAnswer<TOurs>.Said(translate(JsonSerializer.Deserialize<TTheirs>(body, Json) ?? throw new JsonException("null"))),
                401 or 403 or 409 or 429 => new ProviderAnswer<TOurs>.NotNow($"HTTP {status}: {ErrorOf(body).Message}"),
                >= 400 and < 500 => Refusal<TOurs>(ErrorOf(body)),
                _ => new ProviderAnswer<TOurs>.InDoubt($"HTTP {status}"),
            };
        }
        catch (JsonException e)
        {
            return new ProviderAnswer<TOurs>.InDoubt($"HTTP {status} with a body that cannot be read: {e.Message}");
        }
    }

    // A key that was used with other parameters says nothing about what was done under it.
    private static ProviderAnswer<T> Refusal<T>(StripeError error) => error.Type == "idempotency_error"
        ? new ProviderAnswer<T>.InDoubt(error.Message ?? error.Type)
        : new ProviderAnswer<T>.Refused(Reason(error), error.PaymentIntent is { } intent && Translate(intent) is T what ? what : default);

    private static StripeError ErrorOf(ReadOnlySpan<byte> body) =>
        JsonSerializer.Deserialize<StripeErrorBody>(body, Json)?.Error ?? throw new JsonException("no error object");

    // Stripe's code is the general word, its decline code the bank's; "generic" tells nobody anything.
    private static string Reason(StripeError error) => error.DeclineCode is { } decline && decline != "generic_decline" ? decline : error.Code ?? error.Type;

    private static ProviderIntent Translate(StripeIntent said) => new(
        said.Id, said.Status, said.Amount, said.AmountReceived, said.Currency, said.Metadata?.GetValueOrDefault(StripeAdapter.PaymentIdKey),
        said.LastPaymentError is { } error ? Reason(error) : null);

    private static ProviderRefund Translate(StripeRefund said) =>
        new(said.Id, said.Status, said.Amount, said.Metadata?.GetValueOrDefault(StripeAdapter.RefundIdKey));

    private sealed record StripeIntent(
        string Id, string Status, long Amount, long AmountReceived, string Currency, Dictionary<string, string>? Metadata, StripeError? LastPaymentError);

    private sealed record StripeRefund(string Id, string Status, long Amount, Dictionary<string, string>? Metadata);

    private sealed record StripeList<T>(IReadOnlyList<T> Data);

    private sealed record StripeError(string Type, string? Message, string? Code, string? DeclineCode, StripeIntent? PaymentIntent);

    private sealed record StripeErrorBody(StripeError? Error);

    private sealed record StripeEvent(string? Id, string? Type, StripeEventData? Data);

    private sealed record StripeEventData(StripeEventObject? Object);

    private sealed record StripeEventObject(Dictionary<string, string>? Metadata);
}

/// <summary>An event as a hint: something happened to this payment, go and ask. What it says of money is not believed.</summary>
internal sealed record ProviderEvent(string Id, string Type, string? PaymentId);

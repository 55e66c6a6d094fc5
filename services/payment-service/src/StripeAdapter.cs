using System.Globalization;
using System.Net.Http.Headers;
using Argosy.Chassis.Resilience;

namespace Argosy.Payments;

/// <summary>
/// Speaks Stripe's PaymentIntents and Refunds API. Keys derive from the payment and the purpose, never from an attempt. Nothing is
/// repeated here: who is in doubt asks. The client's breaker and timeout stand between us and a provider that is away.
/// </summary>
internal sealed class StripeAdapter(IHttpClientFactory clients, PaymentOptions options)
{
    /// <summary>The name of the client and its breaker.</summary>
    public const string Client = "payment-provider";

    /// <summary>Questions have a client and a breaker of their own: that they are answered must not hide that nothing else is, or every payment asks after each refusal.</summary>
    public const string Reads = "payment-provider-reads";

    public const string PaymentIdKey = "payment_id";
    public const string RefundIdKey = "refund_id";
    private const string OrderIdKey = "order_id";
    private const string ApiVersion = "2024-06-20";

    /// <summary>How the provider is called: one attempt, since only we know whether to try again. A card's trouble shows as a 500 or
    /// as silence, so a few in a row are no proof that the provider is away.</summary>
    public static CallOptions CallOptions(PaymentOptions options) => new()
    {
        Attempts = 1,
        Attempt = options.CallTimeout,
        Total = options.CallTimeout,
        Connections = options.Bulkhead,
        Breaker = new BreakerOptions { Failures = 20, OpenFor = TimeSpan.FromSeconds(10) },
    };

    /// <summary>Makes the intent, unconfirmed: nothing is charged by it.</summary>
    public Task<ProviderAnswer<ProviderIntent>> CreateAsync(string paymentId, Payment payment, CancellationToken cancellation) => SendAsync(
        HttpMethod.Post, "/v1/payment_intents", $"{payment.ProviderKey}/create", StripeAnswers.Intent, cancellation,
        [
            ("amount", payment.Amount.Amount.ToString(CultureInfo.InvariantCulture)),
            ("currency", payment.Amount.Currency.ToLowerInvariant()),
            ("payment_method_types[]", "card"),
            .. Method(payment.Token),
            ("confirm", "false"),
            ($"metadata[{OrderIdKey}]", payment.OrderId),
            ($"metadata[{PaymentIdKey}]", paymentId),
        ]);

    public Task<ProviderAnswer<ProviderIntent>> ConfirmAsync(Payment payment, CancellationToken cancellation) =>
        SendAsync(HttpMethod.Post, $"/v1/payment_intents/{payment.IntentId}/confirm", $"{payment.ProviderKey}/confirm", StripeAnswers.Intent, cancellation);

    public Task<ProviderAnswer<ProviderIntent>> CancelAsync(Payment payment, CancellationToken cancellation) =>
        SendAsync(HttpMethod.Post, $"/v1/payment_intents/{payment.IntentId}/cancel", $"{payment.ProviderKey}/cancel", StripeAnswers.Intent, cancellation);

    public Task<ProviderAnswer<ProviderIntent>> ReadAsync(Payment payment, CancellationToken cancellation) =>
        SendAsync(HttpMethod.Get, $"/v1/payment_intents/{payment.IntentId}", key: null, StripeAnswers.Intent, cancellation);

    /// <summary>The intents of a payment whose creation is in doubt. At Stripe a new one is found within a minute.</summary>
    public Task<ProviderAnswer<IReadOnlyList<ProviderIntent>>> FindAsync(string paymentId, CancellationToken cancellation) => SendAsync(
        HttpMethod.Get, $"/v1/payment_intents/search?query={Uri.EscapeDataString($"metadata['{PaymentIdKey}']:'{paymentId}'")}", key: null,
        StripeAnswers.Intents, cancellation);

    public Task<ProviderAnswer<ProviderRefund>> RefundAsync(string paymentId, Payment payment, Refund refund, CancellationToken cancellation) => SendAsync(
        HttpMethod.Post, "/v1/refunds", $"{payment.ProviderKey}/refund/{refund.Id}", StripeAnswers.Refund, cancellation,
        [
            ("payment_intent", payment.IntentId!),
            ("amount", refund.Amount.ToString(CultureInfo.InvariantCulture)),
            ($"metadata[{RefundIdKey}]", refund.Id),
            ($"metadata[{PaymentIdKey}]", paymentId),
            ($"metadata[{OrderIdKey}]", payment.OrderId),
        ]);

    public Task<ProviderAnswer<IReadOnlyList<ProviderRefund>>> RefundsAsync(Payment payment, CancellationToken cancellation) =>
        SendAsync(HttpMethod.Get, $"/v1/refunds?limit=100&payment_intent={payment.IntentId}", key: null, StripeAnswers.Refunds, cancellation);

    // Tokens are wrapped into a payment method, as Stripe wants them; payment methods (pm_…) go as they are.
    private static IEnumerable<(string, string)> Method(string token) => token.StartsWith("tok_", StringComparison.Ordinal)
        ? [("payment_method_data[type]", "card"), ("payment_method_data[card][token]", token)]
        : [("payment_method", token)];

    private async Task<ProviderAnswer<T>> SendAsync<T>(
        HttpMethod method, string path, string? key, Reader<T> read, CancellationToken cancellation, IEnumerable<(string Name, string Value)>? fields = null)
    {
        using var request = new HttpRequestMessage(method, path);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", options.ApiKey);
        request.Headers.Add("Stripe-Version", ApiVersion);
        if (key is not null)
        {
            request.Headers.Add("Idempotency-Key", key);
            request.Content = new FormUrlEncodedContent((fields ?? []).Select(field => KeyValuePair.Create(field.Name, field.Value)));
        }

        try
        {
            using var response = await clients.CreateClient(method == HttpMethod.Get ? Reads : Client).SendAsync(request, cancellation);
            return read((int)response.StatusCode, await response.Content.ReadAsByteArrayAsync(cancellation));
        }
        catch (BreakerOpenException e)
        {
            return new ProviderAnswer<T>.NotNow(e.Message);
        }
        catch (DependencyException e)
        {
            return new ProviderAnswer<T>.InDoubt(e.Message);
        }
    }

    private delegate ProviderAnswer<T> Reader<T>(int status, ReadOnlySpan<byte> body);
}

using Argosy.Chassis.Hosting;

namespace Argosy.Payments;

/// <summary>Validated settings of this service alone.</summary>
/// <param name="ApiBase">The provider: Stripe, or what speaks like it.</param>
/// <param name="ApiKey">Our key there.</param>
/// <param name="WebhookSecrets">What signs its webhooks; two while one replaces the other.</param>
/// <param name="CallTimeout">How long one call may take before it is in doubt.</param>
/// <param name="Bulkhead">How many payments are under way at the provider, at most.</param>
internal sealed record PaymentOptions(Uri ApiBase, string ApiKey, IReadOnlyList<string> WebhookSecrets, TimeSpan CallTimeout, int Bulkhead)
{
    private const string LiveKeys = "sk_live_";

    public static PaymentOptions Read(Settings settings)
    {
        var apiBase = settings.Address("STRIPE_API_BASE") ?? new Uri("https://api.stripe.com");
        var apiKey = settings.RequiredText("STRIPE_API_KEY", "the secret key of the Stripe account, or the emulator's PROVIDER_API_KEY");
        if (apiKey.StartsWith(LiveKeys, StringComparison.Ordinal) && apiBase.Scheme != Uri.UriSchemeHttps)
        {
            settings.Refuse("STRIPE_API_BASE", "is plain http, and STRIPE_API_KEY is a live key, which travels by https only: give an https address.");
        }

        var secrets = settings.RequiredText("STRIPE_WEBHOOK_SECRET", "the endpoint's signing secret; two of them, separated by a comma, while one replaces the other");
        return new PaymentOptions(
            apiBase, apiKey, secrets.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries),
            TimeSpan.FromMilliseconds(settings.Number("STRIPE_TIMEOUT_MS", 5000, 100, 60_000)),
            settings.Number("STRIPE_CONCURRENCY", 32, 1, 256));
    }
}

using System.Net;
using System.Text.Json;

namespace Argosy.PaymentProvider.Tests;

/// <summary>The few calls that every test begins with.</summary>
internal static class Charging
{
    public static async Task<string> IntentAsync(this ProviderProcess provider, string token = "tok_visa", long amount = 1000, string order = "order-1", string? key = null)
    {
        var (status, body) = await provider.PostAsync(
            "/v1/payment_intents", key, ("amount", $"{amount}"), ("currency", "eur"), ("payment_method", token), ("confirm", "false"),
            ("metadata[order_id]", order), ("metadata[payment_id]", "payment-of-" + order));
        status.ShouldBe(HttpStatusCode.OK);
        return body.GetProperty("id").GetString()!;
    }

    public static Task<(HttpStatusCode Status, JsonElement Body)> ConfirmAsync(this ProviderProcess provider, string intent, string? key = null) =>
        provider.PostAsync($"/v1/payment_intents/{intent}/confirm", key);

    public static async Task<string> StatusAsync(this ProviderProcess provider, string intent) =>
        (await provider.GetAsync($"/v1/payment_intents/{intent}")).GetProperty("status").GetString()!;

    public static string? ErrorCode(this JsonElement body) => body.GetProperty("error").TryGetProperty("code", out var code) ? code.GetString() : null;

    public static string? ErrorType(this JsonElement body) => body.GetProperty("error").GetProperty("type").GetString();
}

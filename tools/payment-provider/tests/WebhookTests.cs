using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Argosy.PaymentProvider.Tests;

public sealed class WebhookTests : IAsyncLifetime
{
    private readonly ConcurrentQueue<(string Signature, string Body)> _heard = new();
    private readonly int _port = ProviderProcess.FreePort();
    private volatile int _refusals;
    private WebApplication _merchant = null!;
    private ProviderProcess _provider = null!;

    public async ValueTask InitializeAsync()
    {
        _provider = await ProviderProcess.StartAsync(("PROVIDER_WEBHOOK_URL", $"http://127.0.0.1:{_port}/webhooks/stripe"));
        _merchant = await OpenMerchantAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _merchant.DisposeAsync();
        await _provider.DisposeAsync();
    }

    [Fact]
    public async Task A_charge_is_told_with_a_signature_that_holds()
    {
        var intent = await _provider.IntentAsync(order: "o");
        await _provider.ConfirmAsync(intent);
        var (signature, body) = (await HeardAsync(1))[0];
        var parts = signature.Split(',').Select(p => p.Split('=')).ToDictionary(p => p[0], p => p[1]);
        var expected = HMACSHA256.HashData(Encoding.UTF8.GetBytes(ProviderProcess.WebhookSecret), Encoding.UTF8.GetBytes($"{parts["t"]}.{body}"));
        parts["v1"].ShouldBe(Convert.ToHexStringLower(expected));
        var told = JsonDocument.Parse(body).RootElement;
        told.GetProperty("type").GetString().ShouldBe("payment_intent.succeeded");
        told.GetProperty("data").GetProperty("object").GetProperty("id").GetString().ShouldBe(intent);
        told.GetProperty("data").GetProperty("object").GetProperty("metadata").GetProperty("order_id").GetString().ShouldBe("o");
    }

    [Fact]
    public async Task Refusals_cancellations_and_refunds_are_told_too()
    {
        await _provider.ConfirmAsync(await _provider.IntentAsync("tok_declined"));
        await _provider.PostAsync($"/v1/payment_intents/{await _provider.IntentAsync()}/cancel");
        var charged = await _provider.IntentAsync();
        await _provider.ConfirmAsync(charged);
        await _provider.PostAsync("/v1/refunds", null, ("payment_intent", charged));
        (await HeardAsync(5)).Select(Type).ShouldBe(
            ["payment_intent.payment_failed", "payment_intent.canceled", "payment_intent.succeeded", "refund.created", "charge.refunded"], ignoreOrder: true);
    }

    [Fact]
    public async Task An_event_is_told_again_until_it_is_accepted_and_survives_a_kill()
    {
        _refusals = 2;
        await _provider.ConfirmAsync(await _provider.IntentAsync());
        await HeardAsync(1);
        await _provider.KillAsync();
        await _provider.StartAgainAsync();
        var heard = await HeardAsync(3);
        heard.Select(Id).Distinct().Count().ShouldBe(1);
    }

    [Fact]
    public async Task An_event_waits_for_a_merchant_who_is_away()
    {
        await _merchant.DisposeAsync();
        await _provider.ConfirmAsync(await _provider.IntentAsync());
        _merchant = await OpenMerchantAsync();
        (await HeardAsync(1)).Select(Type).ShouldBe(["payment_intent.succeeded"]);
    }

    private async Task<WebApplication> OpenMerchantAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var merchant = builder.Build();
        merchant.Urls.Add($"http://127.0.0.1:{_port}");
        merchant.MapPost("/webhooks/stripe", async (HttpRequest request) =>
        {
            using var reader = new StreamReader(request.Body);
            _heard.Enqueue((request.Headers["Stripe-Signature"].ToString(), await reader.ReadToEndAsync()));
            return Interlocked.Decrement(ref _refusals) >= 0 ? Results.StatusCode((int)HttpStatusCode.ServiceUnavailable) : Results.Ok();
        });
        await merchant.StartAsync();
        return merchant;
    }

    private async Task<IReadOnlyList<(string Signature, string Body)>> HeardAsync(int count)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (_heard.Count < count)
        {
            await Task.Delay(10, deadline.Token);
        }

        return [.. _heard];
    }

    private static string? Type((string Signature, string Body) heard) => JsonDocument.Parse(heard.Body).RootElement.GetProperty("type").GetString();

    private static string? Id((string Signature, string Body) heard) => JsonDocument.Parse(heard.Body).RootElement.GetProperty("id").GetString();
}

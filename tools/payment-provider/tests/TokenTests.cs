using System.Net;

namespace Argosy.PaymentProvider.Tests;

public sealed class TokenTests : IAsyncLifetime
{
    private ProviderProcess _provider = null!;

    public async ValueTask InitializeAsync() => _provider = await ProviderProcess.StartAsync(("PROVIDER_SLOW_MS", "700"));

    public ValueTask DisposeAsync() => _provider.DisposeAsync();

    [Fact]
    public async Task An_unconfirmed_intent_takes_no_money()
    {
        var intent = await _provider.IntentAsync();
        (await _provider.StatusAsync(intent)).ShouldBe("requires_confirmation");
        (await _provider.LedgerAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_confirmed_visa_is_captured_once_and_only_once()
    {
        var intent = await _provider.IntentAsync(amount: 4200, order: "o");
        (await _provider.ConfirmAsync(intent)).Body.GetProperty("amount_received").GetInt64().ShouldBe(4200);
        var (again, refusal) = await _provider.ConfirmAsync(intent);
        again.ShouldBe(HttpStatusCode.BadRequest);
        refusal.ErrorCode().ShouldBe("payment_intent_unexpected_state");
        refusal.GetProperty("error").GetProperty("payment_intent").GetProperty("status").GetString().ShouldBe("succeeded");
        (await _provider.LedgerAsync()).ShouldBe([new Entry("capture", "payment-of-o", "o", 4200, "EUR")]);
    }

    [Theory]
    [InlineData("tok_declined", "generic_decline")]
    [InlineData("tok_insufficient_funds", "insufficient_funds")]
    public async Task A_refused_card_leaves_the_intent_asking_for_another(string token, string declineCode)
    {
        var intent = await _provider.IntentAsync(token);
        var (status, body) = await _provider.ConfirmAsync(intent);
        status.ShouldBe(HttpStatusCode.PaymentRequired);
        body.ErrorType().ShouldBe("card_error");
        body.ErrorCode().ShouldBe("card_declined");
        body.GetProperty("error").GetProperty("decline_code").GetString().ShouldBe(declineCode);
        var read = await _provider.GetAsync($"/v1/payment_intents/{intent}");
        read.GetProperty("status").GetString().ShouldBe("requires_payment_method");
        read.GetProperty("last_payment_error").GetProperty("decline_code").GetString().ShouldBe(declineCode);
        (await _provider.LedgerAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task The_timeout_token_charges_and_stays_silent()
    {
        var intent = await _provider.IntentAsync("tok_timeout");
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/v1/payment_intents/{intent}/confirm");
        request.Headers.Add("Idempotency-Key", "patient");
        await Should.ThrowAsync<TaskCanceledException>(() => _provider.Http.SendAsync(request, patience.Token));
        (await _provider.StatusAsync(intent)).ShouldBe("succeeded");
        (await _provider.ConfirmAsync(intent, "patient")).Body.GetProperty("status").GetString().ShouldBe("succeeded");
        (await _provider.LedgerAsync()).Count.ShouldBe(1);
    }

    [Fact]
    public async Task The_error_token_charges_and_repeats_its_error_to_every_retry_with_the_same_key()
    {
        var intent = await _provider.IntentAsync("tok_error_after_charge");
        for (var attempt = 0; attempt < 3; attempt++)
        {
            var (status, body) = await _provider.ConfirmAsync(intent, "stubborn");
            status.ShouldBe(HttpStatusCode.InternalServerError);
            body.ErrorType().ShouldBe("api_error");
        }

        (await _provider.StatusAsync(intent)).ShouldBe("succeeded");
        (await _provider.LedgerAsync()).Count.ShouldBe(1);
    }

    [Fact]
    public async Task The_slow_token_charges_after_its_time_and_refuses_a_twin_meanwhile()
    {
        var intent = await _provider.IntentAsync("tok_slow");
        var first = _provider.ConfirmAsync(intent, "slow");
        (HttpStatusCode Status, System.Text.Json.JsonElement Body) twin;
        do
        {
            // The first may not have arrived yet; whichever is first, the other one is the twin.
            twin = await _provider.ConfirmAsync(intent, "slow");
        }
        while (twin.Status != HttpStatusCode.Conflict && !first.IsCompleted);
        var firstAnswer = await first;
        new[] { twin.Status, firstAnswer.Status }.ShouldBe([HttpStatusCode.OK, HttpStatusCode.Conflict], ignoreOrder: true);
        (await _provider.LedgerAsync()).Count.ShouldBe(1);
    }

    [Fact]
    public async Task An_intent_cancelled_while_its_slow_charge_waits_is_never_charged()
    {
        var intent = await _provider.IntentAsync("tok_slow");
        var confirming = _provider.ConfirmAsync(intent);
        var (status, _) = await _provider.PostAsync($"/v1/payment_intents/{intent}/cancel");
        var (confirmed, body) = await confirming;
        status.ShouldBe(HttpStatusCode.OK);
        confirmed.ShouldBe(HttpStatusCode.BadRequest);
        body.ErrorCode().ShouldBe("payment_intent_unexpected_state");
        (await _provider.StatusAsync(intent)).ShouldBe("canceled");
        (await _provider.LedgerAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_token_that_is_no_card_is_refused_at_creation()
    {
        var (status, body) = await _provider.PostAsync(
            "/v1/payment_intents", null, ("amount", "1"), ("currency", "eur"), ("payment_method", "tok_unheard_of"));
        status.ShouldBe(HttpStatusCode.NotFound);
        body.ErrorCode().ShouldBe("resource_missing");
    }

    [Theory]
    [InlineData("0")]
    [InlineData("-1")]
    [InlineData("1.5")]
    [InlineData("1000000000000")]
    [InlineData("many")]
    public async Task An_amount_that_is_no_positive_integer_is_refused(string amount)
    {
        var (status, body) = await _provider.PostAsync("/v1/payment_intents", null, ("amount", amount), ("currency", "eur"));
        status.ShouldBe(HttpStatusCode.BadRequest);
        body.ErrorCode().ShouldBe("parameter_invalid_integer");
    }
}

using System.Net;

namespace Argosy.PaymentProvider.Tests;

public sealed class RefundTests : IAsyncLifetime
{
    private ProviderProcess _provider = null!;

    public async ValueTask InitializeAsync() => _provider = await ProviderProcess.StartAsync();

    public ValueTask DisposeAsync() => _provider.DisposeAsync();

    [Fact]
    public async Task Parts_are_given_back_until_nothing_is_left()
    {
        var intent = await ChargedAsync(100);
        (await RefundAsync(intent, 30)).Status.ShouldBe(HttpStatusCode.OK);
        (await RefundAsync(intent, 71)).Body.ErrorCode().ShouldBe("amount_too_large");
        (await RefundAsync(intent, null)).Body.GetProperty("amount").GetInt64().ShouldBe(70);
        (await RefundAsync(intent, 1)).Body.ErrorCode().ShouldBe("charge_already_refunded");
        (await _provider.GetAsync($"/v1/refunds?payment_intent={intent}")).GetProperty("data").GetArrayLength().ShouldBe(2);
        (await _provider.LedgerAsync()).Where(e => e.Type == "refund").Sum(e => e.Amount).ShouldBe(100);
        (await BalanceAsync()).ShouldBe(0);
    }

    [Fact]
    public async Task An_intent_that_took_nothing_has_nothing_to_give_back()
    {
        var intent = await _provider.IntentAsync();
        (await RefundAsync(intent, null)).Status.ShouldBe(HttpStatusCode.BadRequest);
        (await _provider.LedgerAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task Fifty_refunds_at_once_never_give_back_more_than_was_taken()
    {
        var intent = await ChargedAsync(1000);
        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => RefundAsync(intent, 30)));
        answers.Count(a => a.Status == HttpStatusCode.OK).ShouldBe(33);
        (await BalanceAsync()).ShouldBe(1000 - (33 * 30));
    }

    [Fact]
    public async Task A_refund_repeated_with_its_key_is_one_refund()
    {
        var intent = await ChargedAsync(100);
        var first = await _provider.PostAsync("/v1/refunds", "r", ("payment_intent", intent), ("amount", "40"));
        var second = await _provider.PostAsync("/v1/refunds", "r", ("amount", "40"), ("payment_intent", intent));
        second.Body.GetRawText().ShouldBe(first.Body.GetRawText());
        (await BalanceAsync()).ShouldBe(60);
    }

    private async Task<string> ChargedAsync(long amount)
    {
        var intent = await _provider.IntentAsync(amount: amount);
        (await _provider.ConfirmAsync(intent)).Status.ShouldBe(HttpStatusCode.OK);
        return intent;
    }

    private Task<(HttpStatusCode Status, System.Text.Json.JsonElement Body)> RefundAsync(string intent, long? amount) =>
        _provider.PostAsync("/v1/refunds", null, [("payment_intent", intent), .. amount is null ? Array.Empty<(string, string)>() : [("amount", $"{amount}")]]);

    private async Task<long> BalanceAsync() => (await _provider.GetAsync("/v1/balance")).GetProperty("available")[0].GetProperty("amount").GetInt64();
}

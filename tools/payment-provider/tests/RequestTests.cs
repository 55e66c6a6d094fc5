using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace Argosy.PaymentProvider.Tests;

public sealed class RequestTests : IAsyncLifetime
{
    private ProviderProcess _provider = null!;

    public async ValueTask InitializeAsync() => _provider = await ProviderProcess.StartAsync();

    public ValueTask DisposeAsync() => _provider.DisposeAsync();

    [Fact]
    public async Task The_same_key_with_other_parameters_is_an_error()
    {
        await _provider.IntentAsync(amount: 100, key: "k");
        var (status, body) = await _provider.PostAsync("/v1/payment_intents", "k", ("amount", "101"), ("currency", "eur"));
        status.ShouldBe(HttpStatusCode.BadRequest);
        body.ErrorType().ShouldBe("idempotency_error");
    }

    [Fact]
    public async Task The_same_key_with_the_same_parameters_creates_one_intent()
    {
        var first = await _provider.IntentAsync(key: "same");
        (await _provider.IntentAsync(key: "same")).ShouldBe(first);
        (await _provider.IntentAsync(key: "other")).ShouldNotBe(first);
    }

    [Fact]
    public async Task Parameters_that_do_not_validate_leave_the_key_free()
    {
        (await _provider.PostAsync("/v1/payment_intents", "late", ("amount", "x"), ("currency", "eur"))).Status.ShouldBe(HttpStatusCode.BadRequest);
        await _provider.IntentAsync(key: "late");
    }

    [Fact]
    public async Task A_declined_answer_is_replayed_to_its_key()
    {
        var intent = await _provider.IntentAsync("tok_declined");
        var first = await _provider.ConfirmAsync(intent, "d");
        var second = await _provider.ConfirmAsync(intent, "d");
        second.Status.ShouldBe(HttpStatusCode.PaymentRequired);
        second.Body.GetRawText().ShouldBe(first.Body.GetRawText());
    }

    [Fact]
    public async Task Keys_are_taken_as_bearer_token_or_user_name_and_nothing_else()
    {
        (await WithAsync(null)).ShouldBe(HttpStatusCode.Unauthorized);
        (await WithAsync(new("Bearer", "sk_test_of_somebody_else"))).ShouldBe(HttpStatusCode.Unauthorized);
        (await WithAsync(new("Basic", "not base64"))).ShouldBe(HttpStatusCode.Unauthorized);
        (await WithAsync(new("Bearer", ProviderProcess.ApiKey))).ShouldBe(HttpStatusCode.OK);
        (await WithAsync(new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(ProviderProcess.ApiKey + ":"))))).ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Intents_are_found_by_the_payment_that_they_carry()
    {
        var intent = await _provider.IntentAsync(order: "o-1");
        await _provider.IntentAsync(order: "o-2");
        var found = await _provider.GetAsync("/v1/payment_intents/search?query=" + Uri.EscapeDataString("metadata['payment_id']:'payment-of-o-1'"));
        found.GetProperty("data").EnumerateArray().Select(i => i.GetProperty("id").GetString()).ShouldBe([intent]);
    }

    [Fact]
    public async Task Knobs_make_it_refuse_before_and_err_after()
    {
        await _provider.TurnAsync("""{"refuseRate":1}""");
        (await _provider.PostAsync("/v1/payment_intents", "k", ("amount", "5"), ("currency", "eur"))).Status.ShouldBe(HttpStatusCode.ServiceUnavailable);
        await _provider.TurnAsync("""{"refuseRate":0,"errorAfterRate":1}""");
        (await _provider.PostAsync("/v1/payment_intents", "k", ("amount", "5"), ("currency", "eur"))).Status.ShouldBe(HttpStatusCode.InternalServerError);
        await _provider.TurnAsync("""{"errorAfterRate":0}""");
        (await _provider.PostAsync("/v1/payment_intents", "k", ("amount", "5"), ("currency", "eur"))).Status.ShouldBe(HttpStatusCode.InternalServerError);
        (await _provider.GetAsync("/v1/payment_intents")).GetProperty("data").GetArrayLength().ShouldBe(1);
    }

    [Theory]
    [InlineData("""{"refuseRate":1.5}""")]
    [InlineData("""{"refuseRat":1}""")]
    [InlineData("""{"latencyMs":-1}""")]
    [InlineData("nonsense")]
    public async Task Knobs_that_make_no_sense_are_refused(string json)
    {
        using var content = new StringContent(json, Encoding.UTF8, "application/json");
        (await _provider.Http.PostAsync("/knobs", content)).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Theory]
    [InlineData("SERVICE_PORT", "99999")]
    [InlineData("DATABASE_URL", "postgresql://localhost/x")]
    [InlineData("PROVIDER_API_KEY", "")]
    [InlineData("PROVIDER_API_KEY", "short")]
    [InlineData("PROVIDER_WEBHOOK_URL", "not a url")]
    [InlineData("PROVIDER_ERROR_AFTER_RATE", "2")]
    [InlineData("PROVIDER_LATENCY_MS", "-5")]
    public async Task A_wrong_setting_stops_the_start_with_one_line(string name, string value)
    {
        await using var other = await ProviderProcess.StartAsync();
        var before = other.Output;
        var (code, output) = await other.RunAsync((name, value));
        code.ShouldBe(78);
        output[before.Length..].Trim().ShouldStartWith($"argosy: payment-provider: {name} ");
        output[before.Length..].Trim().ShouldNotContain('\n');
    }

    [Fact]
    public async Task A_second_process_on_the_same_books_is_refused()
    {
        var (code, output) = await _provider.RunAsync(("SERVICE_PORT", $"{ProviderProcess.FreePort()}"));
        code.ShouldBe(78);
        output.ShouldContain("argosy: payment-provider: DATABASE_URL ");
    }

    private async Task<HttpStatusCode> WithAsync(AuthenticationHeaderValue? authorization)
    {
        using var http = new HttpClient { BaseAddress = _provider.Address };
        http.DefaultRequestHeaders.Authorization = authorization;
        using var response = await http.GetAsync("/v1/balance");
        return response.StatusCode;
    }
}

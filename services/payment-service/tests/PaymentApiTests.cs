using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Argosy.Contracts.Payment.V1;
using Argosy.Testing;
using Shouldly;
using Xunit;

namespace Argosy.Payments.Tests;

public sealed class PaymentApiTests(PaymentBench bench) : PaymentTest(bench), IClassFixture<PaymentBench>
{
    [Fact]
    public async Task A_payment_is_seen_by_its_owner_and_by_administrators_and_exists_for_nobody_else()
    {
        await CapturedAsync();

        var mine = await Bench.Service.As("ada").GetFromJsonAsync<JsonElement>($"/api/v1/payments/{Id}");
        mine.GetProperty("status").GetString().ShouldBe("captured");
        mine.GetProperty("orderId").GetString().ShouldBe(Order);
        mine.GetProperty("amount").GetRawText().ShouldBe("""{"amount":1000,"currency":"EUR"}""");
        mine.GetProperty("refunded").GetRawText().ShouldBe("""{"amount":0,"currency":"EUR"}""");
        (await StatusAsync(Bench.Service.AsAdmin(), $"/api/v1/payments/{Id}")).ShouldBe(HttpStatusCode.OK);
        (await StatusAsync(Bench.Service.As("bob"), $"/api/v1/payments/{Id}")).ShouldBe(HttpStatusCode.NotFound);
        var theirs = await Bench.Service.As("bob").GetFromJsonAsync<JsonElement>($"/api/v1/payments?orderId={Order}");
        theirs.GetProperty("items").GetArrayLength().ShouldBe(0);
        (await StatusAsync(Bench.Service.As("bob"), $"/api/v1/payments/{Id}/refunds")).ShouldBe(HttpStatusCode.NotFound);
        (await StatusAsync(Bench.Service.As("ada"), $"/api/v1/payments/{Payment.IdOf("none")}")).ShouldBe(HttpStatusCode.NotFound);
        (await StatusAsync(Bench.Service.Anonymous, $"/api/v1/payments/{Id}")).ShouldBe(HttpStatusCode.Unauthorized);
        var list = await Bench.Service.As("ada").GetFromJsonAsync<JsonElement>($"/api/v1/payments?orderId={Order}");
        list.GetProperty("items")[0].GetProperty("id").GetString().ShouldBe(Id);
    }

    [Fact]
    public async Task An_administrator_gives_back_a_part_and_then_the_rest()
    {
        await CapturedAsync();
        using var part = await RefundAsync("k1", 300);
        part.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        (await part.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("status").GetString().ShouldBe("pending");
        await IsAsync("captured", refunded: 300);
        using var rest = await RefundAsync("k2", amount: null);
        await IsAsync("refunded", refunded: 1000);

        (await LedgerAsync()).Select(e => (e.Type, e.Amount)).ShouldBe([("capture", 1000), ("refund", 300), ("refund", 700)]);
        var refunds = await Bench.Service.As("ada").GetFromJsonAsync<JsonElement>($"/api/v1/payments/{Id}/refunds");
        refunds.GetProperty("items").EnumerateArray().Select(r => r.GetProperty("status").GetString()).ShouldBe(["done", "done"]);
    }

    [Fact]
    public async Task A_refund_is_for_administrators_needs_a_key_and_never_exceeds_the_capture()
    {
        await CapturedAsync();
        using var customer = await RefundAsync("k", 1, Bench.Service.As("ada"));
        customer.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        using var keyless = await Bench.Service.AsAdmin().PostAsJsonAsync($"/api/v1/payments/{Id}/refunds", new { });
        keyless.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        using var tooMuch = await RefundAsync("k2", 1001);
        tooMuch.StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        using var unknown = await RefundAsync("k3", 1, id: Payment.IdOf("none"));
        unknown.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        using var member = await PostAsync("k4", """{"amount":{"amount":1,"currency":"EUR"},"to":"me"}""");
        member.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await LedgerAsync()).Count.ShouldBe(1);
    }

    [Fact]
    public async Task The_same_key_is_one_refund_with_the_same_bytes_and_another_body_is_refused()
    {
        await CapturedAsync();
        using var first = await RefundAsync("k", 300);
        await IsAsync("captured", refunded: 300);
        using var second = await RefundAsync("k", 300);
        (await second.Content.ReadAsByteArrayAsync()).ShouldBe(await first.Content.ReadAsByteArrayAsync());
        using var other = await RefundAsync("k", 301);
        other.StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        (await LedgerAsync()).Count(e => e.Type == "refund").ShouldBe(1);
    }

    [Fact]
    public async Task A_key_whose_answer_has_been_forgotten_starts_no_second_refund_and_says_why()
    {
        await CapturedAsync();
        using var first = await RefundAsync("key-of-last-month", 300);
        await IsAsync("captured", refunded: 300);
        await Bench.Service.ExecuteAsync("delete from http_idempotency");

        using var second = await RefundAsync("key-of-last-month", 300);

        second.StatusCode.ShouldBe(HttpStatusCode.Conflict);
        (await second.Content.ReadAsStringAsync()).ShouldContain("refund.repeated");
        (await LedgerAsync()).Count(e => e.Type == "refund").ShouldBe(1);
    }

    [Fact]
    public async Task Fifty_refunds_at_once_give_back_no_more_than_was_taken()
    {
        await CapturedAsync();
        var admin = Bench.Service.AsAdmin();
        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(i => RefundAsync($"race-{i}", 30, admin)));
        var accepted = answers.Count(answer => answer.StatusCode == HttpStatusCode.Accepted);
        accepted.ShouldBeLessThanOrEqualTo(33);
        await IsAsync("captured", refunded: accepted * 30);
        (await LedgerAsync()).Where(e => e.Type == "refund").Sum(e => e.Amount).ShouldBe(accepted * 30);
    }

    [Fact]
    public async Task An_undo_after_a_partial_refund_gives_back_the_rest()
    {
        await CapturedAsync();
        using var part = await RefundAsync("k", 300);
        await TellAsync(Undo(), "capture/undo/1");

        (await RefundHeardAsync()).Amount.Amount.ShouldBe(1000);
        (await LedgerAsync()).Where(e => e.Type == "refund").Sum(e => e.Amount).ShouldBe(1000);
    }

    [Theory]
    [InlineData("""{"reason":"card 4242 4242 4242 4242"}""")]
    [InlineData("""{"reason":"\u0034242424242424242"}""")]
    [InlineData("""{"amount":{"amount":4242424242424242,"currency":"EUR"}}""")]
    [InlineData("""{"4242-4242-4242-4242":1}""")]
    public async Task A_card_number_in_a_body_is_refused(string body)
    {
        await CapturedAsync();
        using var answer = await PostAsync("k", body);
        await IsCardRefusalAsync(answer);
    }

    [Theory]
    [InlineData("/api/v1/payments/4242424242424242")]
    [InlineData("/api/v1/payments?orderId=4242-4242-4242-4242")]
    [InlineData("/api/v1/payments?orderId=o&4242424242424242=1")]
    public async Task A_card_number_in_an_address_is_refused(string address)
    {
        using var answer = await Bench.Service.As("ada").GetAsync(address);
        await IsCardRefusalAsync(answer);
    }

    [Fact]
    public async Task A_card_number_in_a_header_is_refused()
    {
        await CapturedAsync();
        using var answer = await RefundAsync("4242424242424242", 1);
        await IsCardRefusalAsync(answer);
    }

    [Fact]
    public async Task Breakers_show_the_provider()
    {
        await CapturedAsync();
        var breakers = await Bench.Service.AsAdmin().GetFromJsonAsync<JsonElement>("/admin/breakers");
        breakers.GetProperty("items").EnumerateArray().Select(b => b.GetProperty("name").GetString()).ShouldContain("payment-provider");
    }

    private static async Task IsCardRefusalAsync(HttpResponseMessage answer)
    {
        answer.StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);
        var text = await answer.Content.ReadAsStringAsync();
        text.ShouldContain("urn:argosy:problem:card-number");
        text.ShouldNotContain("42424242");
    }

    private static async Task<HttpStatusCode> StatusAsync(HttpClient caller, string address)
    {
        using var answer = await caller.GetAsync(address);
        return answer.StatusCode;
    }

    private Task IsAsync(string status, long refunded) => Eventually.HoldsAsync(async () =>
    {
        var payment = await Bench.Service.As("ada").GetFromJsonAsync<JsonElement>($"/api/v1/payments/{Id}");
        return payment.GetProperty("status").GetString() == status && payment.GetProperty("refunded").GetProperty("amount").GetInt64() == refunded;
    }, $"the payment is {status} with {refunded} given back", TimeSpan.FromSeconds(30));

    private Task<HttpResponseMessage> RefundAsync(string key, long? amount, HttpClient? caller = null, string? id = null) =>
        PostAsync(key, amount is null ? "{}" : $$$"""{"amount":{"amount":{{{amount}}},"currency":"EUR"}}""", caller, id);

    private async Task<HttpResponseMessage> PostAsync(string key, string body, HttpClient? caller = null, string? id = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/v1/payments/{id ?? Id}/refunds") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.Add("Idempotency-Key", key);
        return await (caller ?? Bench.Service.AsAdmin()).SendAsync(request);
    }
}

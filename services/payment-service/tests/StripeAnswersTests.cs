using System.Text;
using Shouldly;
using Xunit;

namespace Argosy.Payments.Tests;

public sealed class StripeAnswersTests
{
    [Fact]
    public void An_intent_is_read_with_what_decides() =>
        Intent(200, """{"id":"pi_1","object":"payment_intent","amount":1000,"amount_received":1000,"currency":"eur","status":"succeeded","metadata":{"payment_id":"p"}}""")
            .ShouldBe(new ProviderAnswer<ProviderIntent>.Said(new ProviderIntent("pi_1", "succeeded", 1000, 1000, "eur", "p", null)));

    [Theory]
    [InlineData("insufficient_funds", "insufficient_funds")]
    [InlineData("generic_decline", "card_declined")]
    public void A_declined_card_says_why_in_the_banks_words_where_they_say_anything(string declineCode, string reason)
    {
        var error = $$"""{"type":"card_error","code":"card_declined","decline_code":"{{declineCode}}","message":"no"}""";
        var intent = $$"""{"id":"pi_1","amount":1000,"amount_received":0,"currency":"eur","status":"requires_payment_method","metadata":{},"last_payment_error":{{error}}}""";

        var refused = Intent(402, "{\"error\":" + error[..^1] + ",\"payment_intent\":" + intent + "}}").ShouldBeOfType<ProviderAnswer<ProviderIntent>.Refused>();

        refused.Code.ShouldBe(reason);
        refused.What!.DeclineCode.ShouldBe(reason);
        refused.What.Status.ShouldBe("requires_payment_method");
    }

    [Theory]
    [InlineData(500, """{"error":{"type":"api_error","message":"oops"}}""")]
    [InlineData(503, "Service Unavailable")]
    [InlineData(502, "")]
    [InlineData(200, "not json")]
    [InlineData(200, "null")]
    [InlineData(404, "<html>")]
    [InlineData(302, "")]
    [InlineData(400, """{"error":{"type":"idempotency_error","message":"other parameters"}}""")]
    public void What_does_not_say_what_happened_is_in_doubt(int status, string body) => Intent(status, body).ShouldBeOfType<ProviderAnswer<ProviderIntent>.InDoubt>();

    [Theory]
    [InlineData(401)]
    [InlineData(403)]
    [InlineData(409)]
    [InlineData(429)]
    public void Trouble_that_is_not_the_payments_is_no_verdict_on_it(int status) =>
        Intent(status, """{"error":{"type":"invalid_request_error","message":"no"}}""").ShouldBeOfType<ProviderAnswer<ProviderIntent>.NotNow>();

    [Fact]
    public void A_refusal_says_its_code() =>
        Intent(404, """{"error":{"type":"invalid_request_error","code":"resource_missing","message":"No such PaymentMethod"}}""")
            .ShouldBe(new ProviderAnswer<ProviderIntent>.Refused("resource_missing", null));

    [Fact]
    public void An_event_is_a_hint_at_a_payment_and_nothing_more()
    {
        StripeAnswers.Event("""{"id":"evt_1","type":"charge.refunded","data":{"object":{"amount_refunded":5,"metadata":{"payment_id":"p"}}}}"""u8)
            .ShouldBe(new ProviderEvent("evt_1", "charge.refunded", "p"));
        StripeAnswers.Event("""{"id":"evt_1","type":"account.updated","data":{"object":{}}}"""u8).ShouldBe(new ProviderEvent("evt_1", "account.updated", null));
        StripeAnswers.Event("""{"type":"charge.refunded"}"""u8).ShouldBeNull();
        StripeAnswers.Event("nonsense"u8).ShouldBeNull();
    }

    private static ProviderAnswer<ProviderIntent> Intent(int status, string body) => StripeAnswers.Intent(status, Encoding.UTF8.GetBytes(body));
}

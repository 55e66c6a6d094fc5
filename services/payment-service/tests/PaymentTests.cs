using Argosy.Chassis;
using Shouldly;
using Xunit;

namespace Argosy.Payments.Tests;

/// <summary>The rules, without a process around them.</summary>
public sealed class PaymentTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 23, 12, 0, 0, TimeSpan.Zero);
    private static readonly Money Price = new(1000, "EUR");

    [Fact]
    public void A_capture_begins_with_what_is_meant_and_a_key_that_never_changes()
    {
        var started = (CaptureStarted)Payment.None.Capture("order", "ada", Price, "tok_visa", Now).Events.Single();

        started.ProviderKey.ShouldBe(Payment.IdOf("order"));
        Given(started).Next().ShouldBe(ProviderStep.Create);
    }

    [Fact]
    public void Only_an_intent_that_is_written_down_is_confirmed()
    {
        Given(Started()).Next().ShouldBe(ProviderStep.Create);
        Given(Started(), new IntentCreated("pi", Now)).Next().ShouldBe(ProviderStep.Confirm);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public void Nothing_and_less_is_not_taken(long amount) =>
        Payment.None.Capture("order", "ada", new Money(amount, "EUR"), "tok_visa", Now).Problem.ShouldNotBeNull().Code.ShouldBe("invalid_amount");

    [Fact]
    public void A_repeated_capture_is_nothing_and_one_of_another_amount_is_refused()
    {
        Given(Started()).Capture("order", "ada", Price, "tok_visa", Now).ShouldBe(Decision<PaymentEvent>.Nothing);
        Given(Started()).Capture("order", "ada", new Money(1001, "EUR"), "tok_visa", Now).Problem.ShouldNotBeNull().Code.ShouldBe("amount_differs");
    }

    [Fact]
    public void An_order_undone_before_its_payment_was_heard_of_is_never_charged()
    {
        var payment = After(Payment.None, Payment.None.Return("order", "cancelled", Now));

        payment.IsReturned.ShouldBeTrue();
        payment.Next().ShouldBe(ProviderStep.Nothing);
        payment.Capture("order", "ada", Price, "tok_visa", Now).Problem.ShouldNotBeNull().Code.ShouldBe("order_undone");
    }

    [Fact]
    public void An_undo_that_meets_a_capture_under_way_cancels_the_intent_and_ends_by_the_providers_word_alone()
    {
        var payment = Given(Started(), new IntentCreated("pi", Now));
        payment = After(payment, payment.Return("order", "timeout", Now));

        payment.IsReturned.ShouldBeFalse();
        payment.Next().ShouldBe(ProviderStep.Cancel);
        payment = Heard(payment, "canceled");
        payment.IsReturned.ShouldBeTrue();
        payment.Status.ShouldBe(PaymentStatus.Cancelled);
    }

    [Fact]
    public void A_charge_that_was_faster_than_its_undo_is_given_back()
    {
        var payment = Given(Started(), new IntentCreated("pi", Now));
        payment = Heard(After(payment, payment.Return("order", "timeout", Now)), "succeeded");

        payment.Next().ShouldBe(ProviderStep.Refund);
        payment.PendingRefund!.Amount.ShouldBe(1000);
        payment.IsReturned.ShouldBeFalse();
    }

    [Fact]
    public void An_undo_waits_for_refunds_under_way_and_asks_for_the_rest_only()
    {
        var payment = Captured();
        payment = After(payment, payment.StartRefund("r1", new Money(300, "EUR"), "admin", "", Now));
        payment = After(payment, payment.Return("order", "cancelled", Now));

        payment.Refunds.Select(r => r.Amount).ShouldBe([300, 700]);
        payment = payment.Evolve(new RefundDone("r1", "re_1", Now));
        payment.IsReturned.ShouldBeFalse();
        payment.Evolve(new RefundDone(payment.PendingRefund!.Id, "re_2", Now)).IsReturned.ShouldBeTrue();
    }

    [Fact]
    public void An_administrators_refund_that_the_provider_refuses_is_over_and_an_undo_takes_it_on()
    {
        var payment = Captured();
        payment = After(payment, payment.StartRefund("r1", null, "admin", "", Now));
        payment = After(payment, payment.Return("order", "cancelled", Now));
        payment = payment.HearRefusedRefund(payment.PendingRefund!, "expired", Now).Aggregate(payment, (p, e) => p.Evolve(e));

        payment.Refunds.Select(r => (r.Amount, r.Status)).ShouldBe([(1000, RefundStatus.Refused), (1000, RefundStatus.Pending)]);
        payment.HearRefusedRefund(payment.PendingRefund!, "expired", Now).ShouldBeEmpty("what an undone order is owed stays owed");
    }

    [Fact]
    public void A_declined_payment_has_nothing_to_give_back()
    {
        var payment = Given(Started(), new IntentCreated("pi", Now), new Declined("card_declined", Now));

        payment.Return("order", "undone", Now).ShouldBe(Decision<PaymentEvent>.Nothing);
        payment.IsReturned.ShouldBeTrue();
        payment.StartRefund("r", null, "admin", "", Now).Problem.ShouldNotBeNull().Code.ShouldBe("payment.not-captured");
    }

    [Theory]
    [InlineData(1001, "EUR", "refund.exceeds")]
    [InlineData(100, "USD", "refund.currency")]
    [InlineData(0, "EUR", "refund.amount")]
    [InlineData(-5, "EUR", "refund.amount")]
    public void A_refund_is_of_the_payments_currency_positive_and_never_above_what_is_left(long amount, string currency, string code) =>
        Captured().StartRefund("r", new Money(amount, currency), "admin", "", Now).Problem.ShouldNotBeNull().Code.ShouldBe(code);

    [Fact]
    public void A_provider_that_took_another_amount_is_not_believed_but_reported()
    {
        var payment = Given(Started(), new IntentCreated("pi", Now));

        Should.Throw<ProviderContradictionException>(() => payment.Hear(new ProviderIntent("pi", "succeeded", 1000, 999, "eur", null, null), Now));
        Should.Throw<ProviderContradictionException>(() => payment.Hear(new ProviderIntent("pi", "succeeded", 1000, 1000, "usd", null, null), Now));
        Should.Throw<ProviderContradictionException>(() => payment.Hear(new ProviderIntent("pi", "succeeded", 1000, 1000, "eur", "another", null), Now));
    }

    private static CaptureStarted Started() => new("order", "ada", Price, "tok_visa", Payment.IdOf("order"), Now);

    private static Payment Captured() => Given(Started(), new IntentCreated("pi", Now), new Captured(Now));

    private static Payment Given(params PaymentEvent[] events) => events.Aggregate(Payment.None, (payment, happened) => payment.Evolve(happened));

    private static Payment After(Payment payment, Decision<PaymentEvent> decision)
    {
        decision.Problem.ShouldBeNull();
        return decision.Events.Aggregate(payment, (state, happened) => state.Evolve(happened));
    }

    private static Payment Heard(Payment payment, string status) => payment
        .Hear(new ProviderIntent("pi", status, 1000, status == "succeeded" ? 1000 : 0, "eur", Payment.IdOf("order"), null), Now)
        .Aggregate(payment, (state, happened) => state.Evolve(happened));
}

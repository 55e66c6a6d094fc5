using Argosy.Contracts.Payment.V1;
using Argosy.Testing;
using Shouldly;
using Xunit;

namespace Argosy.Payments.Tests;

/// <summary>Every token, every reply, every repeat: the process against the provider's own books.</summary>
public sealed class PaymentProcessTests(PaymentBench bench) : PaymentTest(bench), IClassFixture<PaymentBench>
{
    [Theory]
    [InlineData("tok_visa")]
    [InlineData("tok_timeout")]
    [InlineData("tok_error_after_charge")]
    [InlineData("tok_slow")]
    [InlineData("pm_card_visa")]
    public async Task A_card_that_pays_is_captured_exactly_once_however_its_provider_says_so(string token)
    {
        var captured = await CapturedAsync(token, 4200);

        captured.PaymentId.ShouldBe(Id);
        captured.Amount.Amount.ShouldBe(4200);
        (await LedgerAsync()).ShouldBe([new("capture", Id, Order, 4200, "EUR")]);
    }

    [Theory]
    [InlineData("tok_declined", "card_declined")]
    [InlineData("tok_insufficient_funds", "insufficient_funds")]
    [InlineData("tok_unheard_of", "resource_missing")]
    public async Task A_card_that_does_not_pay_is_declined_with_the_providers_reason(string token, string reason)
    {
        await TellAsync(Capture(token));

        (await DeclineHeardAsync()).Reason.ShouldBe(reason);
        (await LedgerAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task Replies_belong_to_the_saga_step_that_asked()
    {
        await CapturedAsync();

        var reply = Bus.Heard.Single(m => m.Envelope.Key == Order && m.Envelope.Type.EndsWith("PaymentCaptured", StringComparison.Ordinal)).Envelope;
        reply.Headers.SagaId.ShouldBe($"checkout/{Order}");
        reply.Headers.SagaStep.ShouldBe("capture/do/1");
        reply.Key.ShouldBe(Order);
    }

    [Fact]
    public async Task A_command_asked_again_is_answered_again_from_what_is_so()
    {
        await CapturedAsync();
        await TellAsync(Capture(), "capture/do/2");
        await Eventually.HoldsAsync(() => Bus.All<PaymentCaptured>().Count(m => m.OrderId == Order) == 2, "the second command was answered");

        await TellAsync(Undo(), "capture/undo/1");
        await RefundHeardAsync();
        await TellAsync(Undo(), "capture/undo/2");
        await Eventually.HoldsAsync(() => Bus.All<PaymentRefunded>().Count(m => m.OrderId == Order) == 2, "the second undo was answered");

        Bus.All<PaymentRefunded>().Where(m => m.OrderId == Order).ShouldAllBe(m => m.Amount.Amount == 1000);
        (await LedgerAsync()).Select(e => e.Type).ShouldBe(["capture", "refund"]);
    }

    [Fact]
    public async Task The_same_message_delivered_twice_has_one_effect()
    {
        await TellAsync(Capture(), id: $"{Order}/message");
        await TellAsync(Capture(), id: $"{Order}/message");
        await CaptureHeardAsync();

        (await LedgerAsync()).Count.ShouldBe(1);
        Bus.All<PaymentCaptured>().Count(m => m.OrderId == Order).ShouldBe(1);
    }

    [Fact]
    public async Task Another_amount_for_the_same_order_is_declined_and_takes_nothing()
    {
        await CapturedAsync();
        await TellAsync(Capture(amount: 1001));

        (await DeclineHeardAsync()).Reason.ShouldBe("amount_differs");
        (await LedgerAsync()).Sum(e => e.Amount).ShouldBe(1000);
    }

    [Fact]
    public async Task An_undo_that_finds_nothing_is_answered_with_nothing_and_keeps_a_late_capture_out()
    {
        await TellAsync(Undo(), "capture/undo/1");

        (await RefundHeardAsync()).Amount.Amount.ShouldBe(0);
        await TellAsync(Capture());
        (await DeclineHeardAsync()).Reason.ShouldBe("order_undone");
        (await LedgerAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task An_undo_of_a_declined_payment_gives_back_nothing()
    {
        await TellAsync(Capture("tok_declined"));
        await DeclineHeardAsync();
        await TellAsync(Undo(), "capture/undo/1");

        (await RefundHeardAsync()).Amount.Amount.ShouldBe(0);
    }

    [Theory]
    [InlineData("tok_visa")]
    [InlineData("tok_slow")]
    [InlineData("tok_timeout")]
    [InlineData("tok_declined")]
    public async Task An_undo_on_the_heels_of_its_capture_leaves_nothing_taken(string token)
    {
        await TellAsync(Capture(token));
        await TellAsync(Undo(), "capture/undo/1");

        var refunded = await RefundHeardAsync();
        var ledger = await LedgerAsync();
        ledger.Where(e => e.Type == "capture").Sum(e => e.Amount).ShouldBe(refunded.Amount.Amount);
        ledger.Where(e => e.Type == "refund").Sum(e => e.Amount).ShouldBe(refunded.Amount.Amount);
    }

    [Fact]
    public async Task A_provider_that_is_away_is_waited_for()
    {
        await Provider.KillAsync();
        await TellAsync(Capture());
        await Provider.StartAgainAsync();

        await CaptureHeardAsync();
        (await LedgerAsync()).Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_provider_that_errs_and_stays_silent_at_random_takes_every_order_once()
    {
        string[] orders = [.. Enumerable.Range(0, 40).Select(i => $"{Order}/{i}")];
        var captured = () => Bus.All<PaymentCaptured>().Count(m => m.OrderId.StartsWith($"{Order}/", StringComparison.Ordinal));
        var refunded = () => Bus.All<PaymentRefunded>().Count(m => m.OrderId.StartsWith($"{Order}/", StringComparison.Ordinal));
        await Provider.TurnAsync("""{"refuseRate":0.15,"errorAfterRate":0.15,"silenceRate":0.05,"webhookDuplicateRate":0.5}""");
        await Task.WhenAll(orders.Select(order => TellAsync(Capture(amount: 700, order: order))));
        await Eventually.HoldsAsync(() => captured() == orders.Length, "every order was captured", TimeSpan.FromSeconds(90));
        await Task.WhenAll(orders.Take(20).Select(order => TellAsync(Undo(order), "capture/undo/1")));
        await Eventually.HoldsAsync(() => refunded() == 20, "every undo was answered", TimeSpan.FromSeconds(90));
        await Provider.TurnAsync("""{"refuseRate":0,"errorAfterRate":0,"silenceRate":0,"webhookDuplicateRate":0}""");

        var ledger = (await Provider.LedgerAsync()).Where(e => e.OrderId.StartsWith($"{Order}/", StringComparison.Ordinal)).ToList();
        ledger.Where(e => e.Type == "capture").Select(e => e.OrderId).Order().ShouldBe(orders.Order());
        ledger.Where(e => e.Type == "refund").Select(e => (e.OrderId, e.Amount)).Order().ShouldBe(orders.Take(20).Select(o => (o, 700L)).Order());
    }
}

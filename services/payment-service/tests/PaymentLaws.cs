using System.Globalization;
using Argosy.Chassis;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.FSharp.Core;
using Shouldly;
using Xunit;

namespace Argosy.Payments.Tests;

/// <summary>
/// The rules against a provider that keeps books of its own: whatever is asked in whatever order, heard or not heard, refused or lost,
/// money is taken once and given back at most as often. The seed is printed; ARGOSY_SEED replays it.
/// </summary>
public sealed class PaymentLaws(ITestOutputHelper output)
{
    private const ulong Gamma = 0x9E3779B97F4A7C15;

    public enum Move
    {
        Capture,
        CaptureAgain,
        Return,
        RefundPart,
        RefundAll,
        Work,
        WorkUnheard,
        WorkLost,
        Crash,
    }

    [Fact]
    public void Whatever_happens_money_is_taken_once_and_given_back_at_most_as_often()
    {
        var seed = ulong.TryParse(Environment.GetEnvironmentVariable("ARGOSY_SEED"), NumberStyles.None, CultureInfo.InvariantCulture, out var given)
            ? given
            : (ulong)Random.Shared.NextInt64();
        output.WriteLine($"ARGOSY_SEED={seed}");
        var config = Config.QuickThrowOnFailure.WithMaxTest(3000).WithQuietOnSuccess(true)
            .WithReplay(FSharpOption<Replay>.Some(new Replay(new Rnd(seed, Gamma), FSharpOption<int>.None)));
        var moves = Gen.Elements(Enum.GetValues<Move>()).ListOf().Select(list => list.ToArray());
        var stories = from story in moves from declines in ArbMap.Default.GeneratorFor<bool>() select (story, declines);
        Check.One(config, Prop.ForAll(Arb.From(stories), story => Play(story.story, story.declines)));
    }

    private static void Play(Move[] story, bool declines)
    {
        var world = new World(declines);
        foreach (var move in story)
        {
            world.Make(move);
            world.HoldsAlways();
        }

        world.SettleAll();
        world.HoldsAtRest();
    }

    private sealed class World(bool declines)
    {
        private static readonly DateTimeOffset Now = new(2026, 11, 23, 12, 0, 0, TimeSpan.Zero);
        private static readonly Money Price = new(1000, "EUR");
        private readonly List<(string Id, long Amount)> refunds = [];
        private Payment payment = Payment.None;
        private string? intent;
        private int captures;
        private int born;
        private bool captureWasHeard;

        public void Make(Move move)
        {
            switch (move)
            {
                case Move.Capture or Move.CaptureAgain:
                    Apply(payment.Capture("order", "ada", Price, "tok", Now).Events);
                    break;
                case Move.Return:
                    Apply(payment.Return("order", "undone", Now).Events);
                    break;
                case Move.RefundPart:
                    Apply(payment.StartRefund($"admin-{born++}", new Money(301, "EUR"), "admin", "", Now).Events);
                    break;
                case Move.RefundAll:
                    Apply(payment.StartRefund($"admin-{born++}", null, "admin", "", Now).Events);
                    break;
                case Move.Work:
                    Work(reaches: true, heard: true);
                    break;
                case Move.WorkUnheard:
                    Work(reaches: true, heard: false);
                    break;
                case Move.WorkLost:
                    Work(reaches: false, heard: false);
                    break;
                default:
                    Resume();
                    break;
            }
        }

        public void HoldsAlways()
        {
            captures.ShouldBeLessThanOrEqualTo(1);
            refunds.Sum(r => r.Amount).ShouldBeLessThanOrEqualTo(captures * Price.Amount);
            refunds.Select(r => r.Id).ShouldBeUnique();
            payment.Refunded.ShouldBeLessThanOrEqualTo(refunds.Sum(r => r.Amount), "we never claim more than the provider did");
            payment.Left.ShouldBeGreaterThanOrEqualTo(0);
            captureWasHeard |= payment.WasCaptured;
            captureWasHeard.ShouldBe(payment.WasCaptured, "what was taken stays taken in our books");
            if (payment.IsReturned && payment.Status != PaymentStatus.Unknown)
            {
                (captures * Price.Amount).ShouldBe(refunds.Sum(r => r.Amount), "returned means that nothing is held");
            }
        }

        public void HoldsAtRest()
        {
            HoldsAlways();
            payment.Next().ShouldBe(ProviderStep.Nothing);
            payment.Refunded.ShouldBe(refunds.Sum(r => r.Amount));
            payment.WasCaptured.ShouldBe(captures == 1);
            if (payment.IsReturning)
            {
                payment.IsReturned.ShouldBeTrue();
            }
        }

        public void SettleAll()
        {
            for (var i = 0; i < 20 && payment.Next() != ProviderStep.Nothing; i++)
            {
                Resume();
                Work(reaches: true, heard: true);
            }
        }

        // A worker that starts again reads the intent before it does anything.
        private void Resume()
        {
            if (payment is { Status: PaymentStatus.Pending, IntentId: not null })
            {
                Apply(payment.Hear(Said(), Now));
            }
        }

        private void Work(bool reaches, bool heard)
        {
            var step = payment.Next();
            if (reaches)
            {
                Do(step);
            }

            if (!heard)
            {
                return;
            }

            switch (step)
            {
                case ProviderStep.Create:
                    Apply([new IntentCreated("pi", Now)]);
                    break;
                case ProviderStep.Confirm or ProviderStep.Cancel:
                    Apply(payment.Hear(Said(), Now));
                    break;
                case ProviderStep.Refund when refunds.Exists(r => r.Id == payment.PendingRefund!.Id):
                    Apply(payment.Hear(payment.PendingRefund!, new ProviderRefund("re", "succeeded", payment.PendingRefund!.Amount, payment.PendingRefund!.Id), Now));
                    break;
                case ProviderStep.Refund:
                    Apply(payment.HearRefusedRefund(payment.PendingRefund!, "refused", Now));
                    break;
                default:
                    break;
            }
        }

        // The provider's own rules: a key is a key, an intent is charged once, and no more is given back than was taken.
        private void Do(ProviderStep step)
        {
            switch (step)
            {
                case ProviderStep.Create:
                    intent ??= "requires_confirmation";
                    break;
                case ProviderStep.Confirm when intent == "requires_confirmation":
                    intent = declines ? "requires_payment_method" : "succeeded";
                    captures += declines ? 0 : 1;
                    break;
                case ProviderStep.Cancel when intent is "requires_confirmation" or "requires_payment_method":
                    intent = "canceled";
                    break;
                case ProviderStep.Refund when payment.PendingRefund is { } wanted && !refunds.Exists(r => r.Id == wanted.Id):
                    if (refunds.Sum(r => r.Amount) + wanted.Amount <= captures * Price.Amount)
                    {
                        refunds.Add((wanted.Id, wanted.Amount));
                    }

                    break;
                default:
                    break;
            }
        }

        private ProviderIntent Said() => new(
            "pi", intent!, Price.Amount, intent == "succeeded" ? Price.Amount : 0, "eur", Payment.IdOf("order"), intent == "requires_payment_method" ? "card_declined" : null);

        private void Apply(IReadOnlyList<PaymentEvent> events) => payment = events.Aggregate(payment, (state, happened) => state.Evolve(happened));
    }
}

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
        private readonly List<(string Id, long Amount)> _refunds = [];
        private Payment _payment = Payment.None;
        private string? _intent;
        private int _captures;
        private int _born;
        private bool _captureWasHeard;

        public void Make(Move move)
        {
            switch (move)
            {
                case Move.Capture or Move.CaptureAgain:
                    Apply(_payment.Capture("order", "ada", Price, "tok", Now).Events);
                    break;
                case Move.Return:
                    Apply(_payment.Return("order", "undone", Now).Events);
                    break;
                case Move.RefundPart:
                    Apply(_payment.StartRefund($"admin-{_born++}", new Money(301, "EUR"), "admin", "", Now).Events);
                    break;
                case Move.RefundAll:
                    Apply(_payment.StartRefund($"admin-{_born++}", null, "admin", "", Now).Events);
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
            _captures.ShouldBeLessThanOrEqualTo(1);
            _refunds.Sum(r => r.Amount).ShouldBeLessThanOrEqualTo(_captures * Price.Amount);
            _refunds.Select(r => r.Id).ShouldBeUnique();
            _payment.Refunded.ShouldBeLessThanOrEqualTo(_refunds.Sum(r => r.Amount), "we never claim more than the provider did");
            _payment.Left.ShouldBeGreaterThanOrEqualTo(0);
            _captureWasHeard |= _payment.WasCaptured;
            _captureWasHeard.ShouldBe(_payment.WasCaptured, "what was taken stays taken in our books");
            if (_payment.IsReturned && _payment.Status != PaymentStatus.Unknown)
            {
                (_captures * Price.Amount).ShouldBe(_refunds.Sum(r => r.Amount), "returned means that nothing is held");
            }
        }

        public void HoldsAtRest()
        {
            HoldsAlways();
            _payment.Next().ShouldBe(ProviderStep.Nothing);
            _payment.Refunded.ShouldBe(_refunds.Sum(r => r.Amount));
            _payment.WasCaptured.ShouldBe(_captures == 1);
            if (_payment.IsReturning)
            {
                _payment.IsReturned.ShouldBeTrue();
            }
        }

        public void SettleAll()
        {
            for (var i = 0; i < 20 && _payment.Next() != ProviderStep.Nothing; i++)
            {
                Resume();
                Work(reaches: true, heard: true);
            }
        }

        // A worker that starts again reads the intent before it does anything.
        private void Resume()
        {
            if (_payment is { Status: PaymentStatus.Pending, IntentId: not null })
            {
                Apply(_payment.Hear(Said(), Now));
            }
        }

        private void Work(bool reaches, bool heard)
        {
            var step = _payment.Next();
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
                    Apply(_payment.Hear(Said(), Now));
                    break;
                case ProviderStep.Refund when _refunds.Exists(r => r.Id == _payment.PendingRefund!.Id):
                    Apply(_payment.Hear(_payment.PendingRefund!, new ProviderRefund("re", "succeeded", _payment.PendingRefund!.Amount, _payment.PendingRefund!.Id), Now));
                    break;
                case ProviderStep.Refund:
                    Apply(_payment.HearRefusedRefund(_payment.PendingRefund!, "refused", Now));
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
                    _intent ??= "requires_confirmation";
                    break;
                case ProviderStep.Confirm when _intent == "requires_confirmation":
                    _intent = declines ? "requires_payment_method" : "succeeded";
                    _captures += declines ? 0 : 1;
                    break;
                case ProviderStep.Cancel when _intent is "requires_confirmation" or "requires_payment_method":
                    _intent = "canceled";
                    break;
                case ProviderStep.Refund when _payment.PendingRefund is { } wanted && !_refunds.Exists(r => r.Id == wanted.Id):
                    if (_refunds.Sum(r => r.Amount) + wanted.Amount <= _captures * Price.Amount)
                    {
                        _refunds.Add((wanted.Id, wanted.Amount));
                    }

                    break;
                default:
                    break;
            }
        }

        private ProviderIntent Said() => new(
            "pi", _intent!, Price.Amount, _intent == "succeeded" ? Price.Amount : 0, "eur", Payment.IdOf("order"), _intent == "requires_payment_method" ? "card_declined" : null);

        private void Apply(IReadOnlyList<PaymentEvent> events) => _payment = events.Aggregate(_payment, (state, happened) => state.Evolve(happened));
    }
}

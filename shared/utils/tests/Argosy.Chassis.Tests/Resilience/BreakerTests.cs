using Argosy.Chassis.Resilience;
using Argosy.Testing;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Resilience;

public sealed class BreakerTests
{
    private static readonly BreakerOptions Options = new();

    private readonly FakeTime _time = new();

    [Fact]
    public void Five_failures_in_a_row_open_it_for_thirty_seconds_and_a_probe_closes_it()
    {
        var breaker = Breaker();
        Fail(breaker, 4);
        Succeed(breaker);
        Fail(breaker, 4);
        breaker.View().State.ShouldBe(BreakerPhase.Closed);
        Fail(breaker, 1);
        breaker.View().ShouldBe(new BreakerView("user-service", BreakerPhase.Open, 5, _time.GetUtcNow() + Options.OpenFor));

        _time.Advance(TimeSpan.FromSeconds(29));
        Should.Throw<BreakerOpenException>(() => breaker.Enter()).Problem.RetryAfter.ShouldBe(TimeSpan.FromSeconds(1));
        _time.Advance(TimeSpan.FromSeconds(1));
        using (var probe = breaker.Enter())
        {
            Should.Throw<BreakerOpenException>(() => breaker.Enter(), "one probe at a time");
            probe.Report(CallOutcome.Succeeded);
        }

        breaker.View().ShouldBe(new BreakerView("user-service", BreakerPhase.Closed, 0, null));
    }

    [Fact]
    public void A_probe_that_fails_opens_it_again()
    {
        var breaker = Opened();
        _time.Advance(Options.OpenFor);
        Fail(breaker, 1);
        _time.Advance(Options.OpenFor - TimeSpan.FromTicks(1));
        Should.Throw<BreakerOpenException>(() => breaker.Enter());
        _time.Advance(TimeSpan.FromTicks(1));
        Succeed(breaker);
        breaker.View().State.ShouldBe(BreakerPhase.Closed);
    }

    [Fact]
    public void A_probe_that_was_abandoned_lets_the_next_call_be_the_probe()
    {
        var breaker = Opened();
        _time.Advance(Options.OpenFor);
        breaker.Enter().Dispose();
        Succeed(breaker);
        breaker.View().State.ShouldBe(BreakerPhase.Closed);
    }

    [Fact]
    public void Late_news_of_calls_from_before_it_opened_change_nothing()
    {
        var breaker = Breaker();
        var slow = breaker.Enter();
        var slower = breaker.Enter();
        Fail(breaker, 5);
        slow.Report(CallOutcome.Succeeded);
        breaker.View().State.ShouldBe(BreakerPhase.Open);

        _time.Advance(Options.OpenFor);
        using var probe = breaker.Enter();
        slower.Report(CallOutcome.Failed);
        breaker.View().State.ShouldBe(BreakerPhase.HalfOpen);
        probe.Report(CallOutcome.Succeeded);
        breaker.View().State.ShouldBe(BreakerPhase.Closed);
    }

    [Fact]
    public void A_wall_clock_that_jumps_changes_nothing()
    {
        var breaker = Opened();
        _time.Jump(TimeSpan.FromHours(2));
        Should.Throw<BreakerOpenException>(() => breaker.Enter());
        _time.Jump(TimeSpan.FromHours(-5));
        _time.Advance(Options.OpenFor);
        Succeed(breaker);
    }

    [Fact]
    public void Callers_of_one_dependency_share_one_breaker()
    {
        var breakers = new Breakers(_time, NullLoggerFactory.Instance);
        breakers.Of("b").ShouldBeSameAs(breakers.Of("b"));
        breakers.Of("a");
        breakers.View().Select(v => v.Name).ShouldBe(["a", "b"]);
    }

    /// <summary>What may happen to a breaker: a call enters, one of those under way ends, time passes.</summary>
    private enum Kind
    {
        Enter,
        Succeed,
        Fail,
        Abandon,
        Wait,
    }

    private sealed record Step(Kind Kind, int Number);

    [Fact]
    public void Whatever_happens_it_opens_after_five_in_a_row_lets_one_probe_through_and_never_gets_stuck() => Property.Holds(
        (from kind in Gen.Frequency(
            (4, Gen.Constant(Kind.Enter)), (2, Gen.Constant(Kind.Succeed)), (5, Gen.Constant(Kind.Fail)),
            (1, Gen.Constant(Kind.Abandon)), (2, Gen.Constant(Kind.Wait)))
         from number in Gen.Choose(0, 40)
         select new Step(kind, number)).ListOf().ToArbitrary(),
        steps =>
        {
            var model = new Model();
            foreach (var step in steps)
            {
                model.Do(step);
            }

            model.EndsWell();
        },
        count: 2000);

    /// <summary>An independent account of what a breaker should do: it knows the calls by name instead of counting terms.</summary>
    private sealed class Model
    {
        private readonly FakeTime _time = new();
        private readonly Breaker _breaker;
        private readonly List<BreakerPass> _underWay = [];
        private readonly HashSet<BreakerPass> _late = [];
        private BreakerPass? _probe;
        private TimeSpan? _openFor;
        private int _failures;

        public Model() => _breaker = new Breaker("x", Options, _time, NullLogger.Instance);

        public void Do(Step step)
        {
            if (step.Kind == Kind.Enter)
            {
                Enter();
            }
            else if (step.Kind == Kind.Wait)
            {
                Wait(TimeSpan.FromSeconds(step.Number));
            }
            else if (_underWay.Count > 0)
            {
                End(_underWay[step.Number % _underWay.Count], Enum.Parse<CallOutcome>(step.Kind switch
                {
                    Kind.Succeed => nameof(CallOutcome.Succeeded),
                    Kind.Fail => nameof(CallOutcome.Failed),
                    _ => nameof(CallOutcome.Abandoned),
                }));
            }

            var phase = _probe is not null ? BreakerPhase.HalfOpen : _openFor is not null ? BreakerPhase.Open : BreakerPhase.Closed;
            _breaker.View().State.ShouldBe(phase);
        }

        public void EndsWell()
        {
            _underWay.ToList().ForEach(pass => End(pass, CallOutcome.Abandoned));
            Wait(Options.OpenFor);
            Enter();
            End(_underWay.Single(), CallOutcome.Succeeded);
            _breaker.View().State.ShouldBe(BreakerPhase.Closed);
        }

        private void Enter()
        {
            if (_probe is not null || _openFor > TimeSpan.Zero)
            {
                Should.Throw<BreakerOpenException>(() => _breaker.Enter());
                return;
            }

            var pass = _breaker.Enter();
            _underWay.Add(pass);
            if (_openFor is not null)
            {
                _probe = pass;
                _openFor = null;
            }
        }

        private void Wait(TimeSpan by)
        {
            _time.Advance(by);
            _openFor -= _openFor > by ? by : _openFor;
        }

        private void End(BreakerPass pass, CallOutcome outcome)
        {
            pass.Report(outcome);
            _underWay.Remove(pass);
            if (_late.Contains(pass))
            {
                return;
            }

            _failures = outcome switch { CallOutcome.Succeeded => 0, CallOutcome.Failed => _failures + 1, _ => _failures };
            if (pass == _probe)
            {
                _probe = null;
                _openFor = outcome switch
                {
                    CallOutcome.Succeeded => null,
                    CallOutcome.Failed => Options.OpenFor,
                    _ => TimeSpan.Zero,
                };
            }
            else if (_failures == Options.Failures)
            {
                _openFor = Options.OpenFor;
                _late.UnionWith(_underWay);
            }
        }
    }

    private Breaker Breaker() => new("user-service", Options, _time, NullLogger.Instance);

    private Breaker Opened()
    {
        var breaker = Breaker();
        Fail(breaker, Options.Failures);
        return breaker;
    }

    private static void Fail(Breaker breaker, int times)
    {
        for (var i = 0; i < times; i++)
        {
            using var pass = breaker.Enter();
            pass.Report(CallOutcome.Failed);
        }
    }

    private static void Succeed(Breaker breaker)
    {
        using var pass = breaker.Enter();
        pass.Report(CallOutcome.Succeeded);
    }
}

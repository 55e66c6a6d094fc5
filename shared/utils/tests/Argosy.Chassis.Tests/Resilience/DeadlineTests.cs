using Argosy.Chassis.Resilience;
using Argosy.Testing;
using FsCheck;
using FsCheck.Fluent;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Resilience;

public sealed class DeadlineTests
{
    private readonly FakeTime _time = new();

    [Fact]
    public void Time_runs_out_and_never_goes_below_nothing()
    {
        var deadline = Deadline.After(TimeSpan.FromSeconds(2), _time);
        _time.Advance(TimeSpan.FromSeconds(1.5));
        deadline.Remaining.ShouldBe(TimeSpan.FromSeconds(0.5));
        deadline.HasPassed.ShouldBeFalse();
        _time.Jump(TimeSpan.FromHours(-1));
        _time.Advance(TimeSpan.FromSeconds(1));
        deadline.Remaining.ShouldBe(TimeSpan.Zero);
        deadline.HasPassed.ShouldBeTrue();
    }

    [Fact]
    public async Task It_flows_with_the_work_and_ends_with_it()
    {
        Deadline.Current.ShouldBeNull();
        var outer = Deadline.After(TimeSpan.FromSeconds(1), _time);
        using (outer.Enter())
        {
            await Task.Yield();
            Deadline.Current.ShouldBeSameAs(outer);
            Deadline.After(TimeSpan.FromSeconds(9), _time).ShouldBeSameAs(outer, "inner work never outlives outer work");
            var inner = Deadline.After(TimeSpan.FromMilliseconds(1), _time);
            using (inner.Enter())
            {
                (await Task.Run(() => Deadline.Current)).ShouldBeSameAs(inner);
            }

            Deadline.Current.ShouldBeSameAs(outer);
        }

        Deadline.Current.ShouldBeNull();
    }

    [Fact]
    public void Retries_stay_within_what_calls_and_seconds_have_earned() => Property.Holds(
        Gen.Choose(0, 4).ListOf().ToArbitrary(),
        steps =>
        {
            var time = new FakeTime();
            var budget = new RetryBudget(time);
            double calls = 0, retries = 0, seconds = 0;
            foreach (var step in steps)
            {
                if (step == 0)
                {
                    budget.Called();
                    calls++;
                }
                else if (step == 1)
                {
                    time.Advance(TimeSpan.FromSeconds(1));
                    seconds++;
                }
                else if (budget.TryRetry())
                {
                    retries++;
                }
            }

            retries.ShouldBeLessThanOrEqualTo(RetryBudget.Most + calls * RetryBudget.PerCall + seconds * RetryBudget.PerSecond + 1e-6);
        },
        count: 1000);

    [Fact]
    public void A_budget_that_is_used_up_refuses_and_recovers()
    {
        var budget = new RetryBudget(_time);
        Enumerable.Range(0, 20).Count(_ => budget.TryRetry()).ShouldBe((int)RetryBudget.Most);
        budget.TryRetry().ShouldBeFalse();
        _time.Advance(TimeSpan.FromSeconds(1));
        budget.TryRetry().ShouldBeTrue();
    }
}

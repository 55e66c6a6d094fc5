using Argosy.Chassis.Hosting;
using Argosy.Chassis.Hosting.Shedding;
using Argosy.Testing;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Shedding;

public sealed class ThrottleTests
{
    private const string Orders = "/api/v1/orders";
    private readonly FakeTime _time = new();
    private readonly Throttle _throttle;

    public ThrottleTests() => _throttle = new Throttle(_time);

    [Fact]
    public void While_a_service_takes_everything_everything_is_passed_on() => Run(seconds: 10, asked: 1000, taken: 1000).ShouldBe(10_000);

    [Fact]
    public void Of_what_is_turned_away_about_twice_as_much_is_passed_on_as_is_taken()
    {
        Run(seconds: 30, asked: 1000, taken: 300);

        (Run(seconds: 10, asked: 1000, taken: 300) / 10).ShouldBeInRange(550, 650);
    }

    [Fact]
    public void A_fifth_is_passed_on_to_a_service_that_takes_nothing_and_nearly_all_soon_after_it_takes_them_again()
    {
        Run(seconds: 60, asked: 1000, taken: 0);
        Run(seconds: 1, asked: 1000, taken: 0).ShouldBeInRange(190, 210);

        Run(seconds: 5, asked: 1000, taken: 1000);

        Run(seconds: 1, asked: 1000, taken: 1000).ShouldBeGreaterThan(950);
    }

    [Fact]
    public void Few_are_never_kept_back_and_others_do_not_pay_for_a_busy_route()
    {
        Run(seconds: 60, asked: 20, taken: 0).ShouldBe(1200);
        Run(seconds: 60, asked: 1000, taken: 0);

        _throttle.Refuse("GET", Orders, Priority.Reads).ShouldBeNull();
        _throttle.Refuse("POST", $"{Orders}/1/cancel", Priority.Checkout).ShouldBeNull();
    }

    [Fact]
    public void Paths_that_somebody_makes_up_make_room_for_each_other()
    {
        for (var i = 0; i < 100; i++)
        {
            _throttle.Note("POST", $"{Orders}/{i}/cancel", turnedAway: true);
        }

        Run(seconds: 60, asked: 1000, taken: 0).ShouldBeLessThan(60_000);
    }

    // How many were passed on; of those the service takes so many each second.
    private int Run(int seconds, int asked, int taken)
    {
        var passed = 0;
        for (var second = 0; second < seconds; second++)
        {
            var left = taken;
            for (var i = 0; i < asked; i++)
            {
                _time.Advance(TimeSpan.FromSeconds(1) / asked);
                if (_throttle.Refuse("POST", Orders, Priority.Checkout) is null)
                {
                    passed++;
                    _throttle.Note("POST", Orders, turnedAway: left-- <= 0);
                }
            }
        }

        return passed;
    }
}

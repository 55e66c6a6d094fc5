using Argosy.Chassis.Hosting;
using Argosy.Chassis.Hosting.Shedding;
using Argosy.Testing;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Shedding;

public sealed class ClosedDoorTests
{
    private readonly FakeTime _time = new();
    private readonly ClosedDoor _door;

    public ClosedDoorTests() => _door = new ClosedDoor(_time);

    [Fact]
    public void It_is_closed_for_as_long_as_was_said_and_for_that_method_and_path()
    {
        Ask().ShouldBeNull("nobody has said anything");
        _door.Note("POST", "/orders", "100");

        Ask()!.Status.ShouldBe(503);
        Ask(method: "PUT").ShouldBeNull();
        Ask(path: "/orders/1").ShouldBeNull();
        _time.Advance(TimeSpan.FromMilliseconds(99));
        Ask().ShouldNotBeNull();
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Ask().ShouldBeNull("its time is over");
    }

    [Fact]
    public void It_is_asked_again_after_a_second_whatever_it_said()
    {
        _door.Note("POST", "/orders", "86400000");

        _time.Advance(TimeSpan.FromMilliseconds(999));
        Ask().ShouldNotBeNull();
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Ask().ShouldBeNull();
    }

    [Theory]
    [InlineData("")]
    [InlineData("soon")]
    [InlineData("-100")]
    [InlineData("1e2")]
    [InlineData("99999999999999999999")]
    public void What_is_no_number_of_milliseconds_closes_nothing(string said)
    {
        _door.Note("POST", "/orders", said);

        Ask().ShouldBeNull();
    }

    private Problem? Ask(string method = "POST", string path = "/orders") => _door.Refuse(method, path, Priority.Checkout);
}

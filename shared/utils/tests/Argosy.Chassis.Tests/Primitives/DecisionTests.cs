using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Primitives;

public sealed class DecisionTests
{
    private abstract record Happened;

    private sealed record Opened(int Number) : Happened;

    private sealed record Closed : Happened;

    private static Decision<Happened> Decide(string state) => state switch
    {
        "new" => new Opened(1),
        "both" => new Happened[] { new Opened(2), new Closed() },
        "same" => Decision<Happened>.Nothing,
        _ => Problem.Conflict("door.locked", "The door is locked."),
    };

    [Fact]
    public void A_rule_reads_like_its_outcomes()
    {
        Decide("new").Events.ShouldBe([new Opened(1)]);
        Decide("both").Events.ShouldBe([new Opened(2), new Closed()]);
        Decide("same").Events.ShouldBeEmpty();
        Decide("same").Problem.ShouldBeNull();
        Decide("locked").Problem.ShouldBe(Problem.Conflict("door.locked", "The door is locked."));
        Decide("locked").Events.ShouldBeEmpty();
    }

    [Fact]
    public void A_list_is_copied_so_that_the_decision_stays_what_it_was()
    {
        var happened = new List<Happened> { new Closed() };
        Decision<Happened> decision = happened;
        happened.Clear();
        decision.Events.Count.ShouldBe(1);
    }

    [Fact]
    public void Every_status_that_a_problem_may_have_has_a_title()
    {
        for (var status = 400; status < 600; status++)
        {
            new Problem(status, "x", "y").Title.ShouldNotBeNullOrEmpty();
        }

        Should.Throw<ArgumentOutOfRangeException>(() => new Problem(200, "x", "y"));
    }

    [Fact]
    public void Validation_tells_everything_at_once()
    {
        var check = new Validation();
        check.That(false, "quantity", "must be from 1 to 99");
        check.That(true, "sku", "is fine");
        check.Text(" ", "name", max: 10);
        check.Text("a\nb", "street", max: 10);
        check.Text("12345678901", "city", max: 10);
        var problem = check.Problem.ShouldNotBeNull();
        problem.Status.ShouldBe(400);
        problem.Errors.ShouldNotBeNull().Keys.ShouldBe(["city", "name", "quantity", "street"], ignoreOrder: true);
        new Validation().Problem.ShouldBeNull();
    }
}

using Argosy.Chassis;
using FsCheck;
using FsCheck.Fluent;
using Shouldly;
using Xunit;

namespace Argosy.Orders.Tests;

/// <summary>The rules, without a process around them.</summary>
public sealed class OrderTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 23, 12, 0, 0, TimeSpan.Zero);
    private static readonly Address Home = new("Ada", "1 Main St", "Berlin", "10115", "DE");

    [Fact]
    public void The_total_is_the_servers_sum_of_the_lines()
    {
        var placed = Place(Line("a", 3, 1999), Line("b", 1, 1));

        placed.Problem.ShouldBeNull();
        ((OrderPlaced)placed.Events.Single()).Total.ShouldBe(new Money(5998, "EUR"));
    }

    [Fact]
    public void Two_currencies_make_no_order() =>
        Place(Line("a", 1, 100), new OrderLine("b", "b", 1, new Money(100, "USD"))).Problem.ShouldNotBeNull().Status.ShouldBe(422);

    [Fact]
    public void A_total_that_no_amount_can_hold_is_refused_and_does_not_wrap() =>
        Place(Line("a", 99, long.MaxValue / 50)).Problem.ShouldNotBeNull().Status.ShouldBe(422);

    [Theory]
    [InlineData(0)]
    [InlineData(51)]
    public void An_order_has_one_to_fifty_lines(int count) =>
        Place([.. Enumerable.Range(0, count).Select(i => Line($"sku{i}", 1, 1))]).Problem.ShouldNotBeNull().Code.ShouldBe("order.lines");

    [Fact]
    public void Cancelling_twice_changes_nothing()
    {
        var order = Given(Placed(), new OrderCancelRequested("changed my mind", Now));

        order.Cancel("again", Now).ShouldBe(Decision<OrderEvent>.Nothing);
    }

    [Fact]
    public void A_dispatched_order_cannot_be_cancelled() =>
        Given(Placed(), new OrderConfirmed("T1", Now), new OrderShipped("T1", Now)).Cancel("late", Now).Problem.ShouldNotBeNull().Code.ShouldBe("order.shipped");

    [Fact]
    public void A_parcel_that_left_while_the_order_was_being_cancelled_has_left()
    {
        var order = Given(Placed(), new OrderConfirmed("T1", Now), new OrderCancelRequested("late", Now));

        order = order.Ship("T1", Now).Events.Aggregate(order, (state, e) => state.Evolve(e));

        order.Status.ShouldBe(OrderStatus.Shipped);
        order.RefuseCancel("T1", "left", Now).ShouldBe(Decision<OrderEvent>.Nothing);
        order.FinishCancel("x", Now).ShouldBe(Decision<OrderEvent>.Nothing);
    }

    [Fact]
    public void A_refused_cancellation_leaves_the_order_confirmed()
    {
        var order = Given(Placed(), new OrderConfirmed("T1", Now), new OrderCancelRequested("late", Now));

        order = order.RefuseCancel("T1", "left", Now).Events.Aggregate(order, (state, e) => state.Evolve(e));

        order.Status.ShouldBe(OrderStatus.Confirmed);
        order.Reason.ShouldBeNull();
    }

    [Fact]
    public void Whatever_is_asked_in_whatever_order_an_order_that_has_ended_stays_ended()
    {
        var wishes = Gen.Elements<Func<Order, Decision<OrderEvent>>>(
            o => o.Confirm("T1", Now), o => o.Ship("T1", Now), o => o.Cancel("r", Now), o => o.RefuseCancel("T1", "r", Now), o => o.FinishCancel("r", Now));
        Prop.ForAll(Arb.From(Gen.ListOf(wishes)), asked =>
        {
            var order = Given(Placed());
            OrderStatus? ended = null;
            foreach (var wish in asked)
            {
                order = wish(order).Events.Aggregate(order, (state, e) => state.Evolve(e));
                if (ended is not null && order.Status != ended)
                {
                    return false;
                }

                ended = order.Status is OrderStatus.Shipped or OrderStatus.Cancelled ? order.Status : ended;
            }

            return true;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(500));
    }

    private static Decision<OrderEvent> Place(params IReadOnlyList<OrderLine> lines) => Order.Place("customer", lines, Home, Now);

    private static OrderLine Line(string sku, int quantity, long price) => new(sku, sku, quantity, new Money(price, "EUR"));

    private static OrderEvent Placed() => Place(Line("a", 1, 100)).Events.Single();

    private static Order Given(params OrderEvent[] events) => events.Aggregate(Order.None, (state, happened) => state.Evolve(happened));
}

using Argosy.Contracts.Common.V1;
using Shouldly;
using Xunit;

namespace Argosy.Inventory.Tests;

public sealed class ReservationTests
{
    [Fact]
    public void Lines_of_one_item_are_one_wish() =>
        Reservation.LinesOf([Line("b", 2), Line("a", 1), Line("b", 3)]).ShouldBe([new Wanted("a", 1), new Wanted("b", 5)]);

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public void A_line_without_a_quantity_is_our_own_mistake(int quantity) =>
        Should.Throw<ArgumentException>(() => Reservation.LinesOf([Line("a", 1), Line("b", quantity)]));

    [Fact]
    public void An_order_without_lines_is_our_own_mistake() => Should.Throw<ArgumentException>(() => Reservation.LinesOf([]));

    [Fact]
    public void What_lies_on_the_shelf_can_be_had_to_the_last_piece() => Shortage(available: 3, wanted: 3).ShouldBeNull();

    [Theory]
    [InlineData(0, 1, "“Blue mug” is sold out.")]
    [InlineData(1, 2, "Only one “Blue mug” is left.")]
    [InlineData(2, 3, "Only 2 of “Blue mug” are left.")]
    public void The_customer_is_told_how_many_are_left(long available, long wanted, string sentence) =>
        Shortage(available, wanted)!.Reason.ShouldBe(sentence);

    [Fact]
    public void An_unknown_item_is_named_as_the_customer_wrote_it() =>
        Reservation.FirstShortage([new Wanted("nope", 1)], new Dictionary<string, OnShelf>()).ShouldBe(new Shortage("nope", 1, "There is no item “nope”."));

    private static Shortage? Shortage(long available, long wanted) => Reservation.FirstShortage(
        [new Wanted("mug", wanted)], new Dictionary<string, OnShelf> { ["mug"] = new("mug", "Blue mug", available) });

    private static Line Line(string sku, int quantity) => new() { Sku = sku, Quantity = quantity };
}

using FsCheck;
using FsCheck.Fluent;
using Shouldly;
using Xunit;
using Property = Argosy.Chassis.Tests.Property;

namespace Argosy.Shipping.Tests;

public sealed class TrackingNumberTests
{
    [Fact]
    public void It_belongs_to_the_order_for_good() =>
        TrackingNumber.Of("019415f0-0000-7000-8000-000000000001").ShouldBe("ARGTQD9M25DYEY0C");

    [Fact]
    public void The_check_character_is_the_standards() =>
        TrackingNumber.CheckOf("A12425GABC1234002").ShouldBe('M', "the example of the GRid Standard, which uses the same system");

    [Fact]
    public void It_is_valid_begins_with_letters_and_is_another_for_each_order()
    {
        var numbers = Enumerable.Range(0, 20_000).Select(i => TrackingNumber.Of($"order-{i}")).ToList();

        numbers.ShouldAllBe(number => TrackingNumber.IsValid(number) && number.Length == 16 && number.StartsWith("ARG"));
        numbers.Distinct().Count().ShouldBe(numbers.Count);
    }

    [Fact]
    public void A_wrong_character_is_found()
    {
        const string Alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
        var slips = from order in Gen.Choose(0, 1_000_000) from at in Gen.Choose(3, 15) from c in Gen.Elements(Alphabet.ToCharArray()) select (order, at, c);
        Property.Holds(slips.ToArbitrary(), slip =>
        {
            var right = TrackingNumber.Of($"order-{slip.order}");
            var wrong = right[..slip.at] + slip.c + right[(slip.at + 1)..];
            TrackingNumber.IsValid(wrong).ShouldBe(wrong == right);
        }, 2_000);
    }

    [Fact]
    public void Nearly_all_neighbours_that_changed_places_are_found()
    {
        var swaps = (from order in Enumerable.Range(0, 2_000)
                     let right = TrackingNumber.Of($"order-{order}")
                     from at in Enumerable.Range(3, 12)
                     where right[at] != right[at + 1]
                     select right[..at] + right[at + 1] + right[at] + right[(at + 2)..]).ToList();

        swaps.Count(TrackingNumber.IsValid).ShouldBeLessThan(swaps.Count / 100);
    }
}

using Argosy.Cli.Demo;
using Shouldly;
using Xunit;

namespace Argosy.Cli.Tests;

public sealed class PromisesTests
{
    [Fact]
    public void Orders_that_ended_as_they_should_keep_the_promises() => Broken(Ended(60)).ShouldBeEmpty();

    [Fact]
    public void An_order_of_a_special_kind_that_ended_otherwise_is_found()
    {
        var records = Ended(60);
        var declined = records.FindIndex(r => r.Planned.Kind.Name == "declined");
        records[declined] = records[declined] with { Trouble = "was refused: 400" };

        Broken(records).ShouldBe(["endings"]);
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(5, true)]
    [InlineData(6, false)]
    public void Of_a_thousand_orders_one_in_a_hundred_plain_ones_may_be_undone(int undone, bool fine)
    {
        var records = Ended(1000);
        records.Count(r => r.Planned.Kind == OrderKind.Plain).ShouldBeInRange(500, 599);
        foreach (var r in records.Where(r => r.Planned.Kind == OrderKind.Plain).Take(undone).ToList())
        {
            records[records.IndexOf(r)] = r with { Status = "cancelled" };
        }

        Broken(records).Contains("promise").ShouldBe(!fine);
    }

    [Fact]
    public void A_plain_order_that_never_ended_is_not_covered_by_the_one_in_a_hundred()
    {
        var records = Ended(1000);
        var plain = records.FindIndex(r => r.Planned.Kind == OrderKind.Plain);
        records[plain] = records[plain] with { Status = "pending", Trouble = "isn't settled after 5 min" };

        Broken(records).ShouldBe(["endings"]);
    }

    private static IReadOnlyList<string> Broken(IReadOnlyList<OrderRecord> records) => [.. Promises.Check(records).Where(b => !b.AddsUp).Select(b => b.Book)];

    private static List<OrderRecord> Ended(int orders) => [.. DemoPlan.Create("r", orders, seed: 11).Orders.Select(planned => new OrderRecord(planned)
    {
        Id = $"0199-{planned.Number}",
        Status = planned.Kind.Ends.ToString().ToLowerInvariant(),
        Total = new Money(planned.Amount, "EUR"),
    })];
}

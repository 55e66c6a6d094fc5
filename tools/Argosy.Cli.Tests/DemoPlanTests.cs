using Argosy.Cli.Demo;
using Shouldly;
using Xunit;

namespace Argosy.Cli.Tests;

public sealed class DemoPlanTests
{
    [Fact]
    public void The_same_seed_makes_the_same_orders()
    {
        var (one, two) = (DemoPlan.Create("r", 200, seed: 7), DemoPlan.Create("r", 200, seed: 7));

        one.Orders.Select(o => (o.Kind.Name, o.Amount)).ShouldBe(two.Orders.Select(o => (o.Kind.Name, o.Amount)));
        one.Items.ShouldBe(two.Items);
    }

    [Fact]
    public void A_small_run_already_has_an_order_of_every_kind() =>
        DemoPlan.Create("r", OrderKind.All.Count, seed: 1).Orders.Select(o => o.Kind).ShouldBe(OrderKind.All, ignoreOrder: true);

    [Fact]
    public void Kinds_come_by_their_weights()
    {
        OrderKind.All.Sum(k => k.Weight).ShouldBe(100);
        var orders = DemoPlan.Create("r", 1000, seed: 1).Orders;

        foreach (var kind in OrderKind.All)
        {
            orders.Count(o => o.Kind == kind).ShouldBeInRange((kind.Weight * 10) - 12, (kind.Weight * 10) + 12, kind.Name);
        }
    }

    [Fact]
    public void There_is_enough_for_everyone_but_those_who_are_meant_to_go_without()
    {
        var plan = DemoPlan.Create("r", 500, seed: 3);

        foreach (var item in plan.Items)
        {
            var wanted = plan.Orders.Where(o => !o.Kind.WantsTooMuch).SelectMany(o => o.Lines).Where(l => l.Item.Sku == item.Sku).Sum(l => l.Quantity);
            wanted.ShouldBeLessThan(item.Stock);
        }

        plan.Orders.Where(o => o.Kind.WantsTooMuch).ShouldAllBe(o => o.Lines.All(l => l.Quantity > l.Item.Stock));
    }

    [Fact]
    public void Every_order_has_a_key_of_its_own_and_a_customer()
    {
        var plan = DemoPlan.Create("r", 500, seed: 3);

        plan.Orders.Select(o => o.Key).Distinct(StringComparer.Ordinal).Count().ShouldBe(500);
        plan.Orders.ShouldAllBe(o => o.Customer >= 0 && o.Customer < plan.Customers);
    }

    [Fact]
    public void Percentiles_are_latencies_that_somebody_had()
    {
        var latency = Latency.Of(Enumerable.Range(1, 200).Select(ms => (TimeSpan?)TimeSpan.FromMilliseconds(ms)).Append(null)).ShouldNotBeNull();

        latency.ShouldBe(new Latency(100, 190, 198));
        Latency.Of([null]).ShouldBeNull();
        Latency.Of([TimeSpan.FromMilliseconds(5)]).ShouldBe(new Latency(5, 5, 5));
    }
}

using Argosy.Cli.Demo;
using Shouldly;
using Xunit;

namespace Argosy.Cli.Tests;

/// <summary>The checker is checked: each way in which books can be wrong is put into right ones, and has to be found.</summary>
public sealed class BooksTests
{
    private readonly HappyRun _run = new();

    [Fact]
    public void Right_books_add_up() => _run.Broken().ShouldBeEmpty();

    [Fact]
    public void A_ledger_entry_for_an_order_that_nobody_placed_is_found()
    {
        _run.Charge("0199-nobody", 1234);
        _run.OtherOrders["0199-nobody"] = null;

        _run.Broken().ShouldBe(["earlier"]);
        _run.Check().Single(b => !b.AddsUp).Problems.ShouldHaveSingleItem().ShouldContain("which nobody placed");
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    public void A_ledger_entry_without_an_order_is_found(string? order)
    {
        _run.Charge(order, 1234);

        _run.Broken().ShouldBe(["earlier"]);
    }

    [Fact]
    public void A_second_charge_for_an_order_is_found()
    {
        var order = _run.First("visa");
        _run.Charge(order.Id, order.Planned.Amount);

        _run.Broken().ShouldBe(["ledger"]);
    }

    [Fact]
    public void A_second_charge_that_was_given_back_is_still_one_charge_too_many()
    {
        var order = _run.First("cancelled later");
        _run.Charge(order.Id, order.Planned.Amount);
        _run.Charge(order.Id, order.Planned.Amount, "refund");

        _run.Check().Single(b => b.Book == "ledger").Problems.ShouldHaveSingleItem().ShouldContain("was charged 2 times");
    }

    [Fact]
    public void A_charge_of_another_amount_is_found()
    {
        var order = _run.First("visa");
        var entry = _run.Ledger.Single(e => e.OrderId == order.Id);
        _run.Ledger[_run.Ledger.IndexOf(entry)] = entry with { Amount = entry.Amount + 1 };

        _run.Broken().ShouldBe(["ledger"]);
    }

    [Fact]
    public void A_charge_in_another_currency_is_found()
    {
        var order = _run.First("visa");
        var entry = _run.Ledger.Single(e => e.OrderId == order.Id);
        _run.Ledger[_run.Ledger.IndexOf(entry)] = entry with { Currency = "USD" };

        _run.Broken().ShouldBe(["ledger"]);
    }

    [Fact]
    public void A_confirmed_order_that_was_never_charged_is_found()
    {
        _run.Ledger.RemoveAll(e => e.OrderId == _run.First("visa").Id);

        _run.Broken().ShouldBe(["ledger"]);
    }

    [Fact]
    public void A_cancelled_order_whose_money_was_kept_is_found()
    {
        _run.Ledger.RemoveAll(e => e.OrderId == _run.First("country not served").Id && e.Type == "refund");

        _run.Broken().ShouldBe(["ledger", "payments"]);
    }

    [Fact]
    public void A_refund_of_what_was_delivered_is_found()
    {
        var order = _run.First("visa");
        _run.Charge(order.Id, order.Planned.Amount, "refund");

        _run.Broken().ShouldBe(["ledger", "payments"]);
    }

    [Fact]
    public void The_same_ledger_entry_twice_is_found()
    {
        var order = _run.First("cancelled later");
        _run.Ledger.Add(_run.Ledger.First(e => e.OrderId == order.Id && e.Type == "refund"));

        _run.Broken().ShouldBe(["ledger", "payments"]);
    }

    [Fact]
    public void Earlier_orders_are_held_to_their_amounts_too()
    {
        _run.OtherOrders["old"] = new Order("old", "confirmed", null, new Money(500, "EUR"), null);
        _run.Charge("old", 500);
        _run.Broken().ShouldBeEmpty();

        _run.Charge("old", 500);
        _run.Broken().ShouldBe(["earlier"]);
    }

    [Fact]
    public void An_earlier_cancelled_order_that_was_not_given_back_is_found()
    {
        _run.OtherOrders["old"] = new Order("old", "cancelled", null, new Money(500, "EUR"), null);
        _run.Charge("old", 500);

        _run.Broken().ShouldBe(["earlier"]);
    }

    [Fact]
    public void An_acknowledged_order_that_is_gone_is_found()
    {
        _run.Orders[_run.First("visa").Id!] = null;

        _run.Broken().ShouldBe(["orders"]);
    }

    [Fact]
    public void An_order_that_was_placed_twice_under_one_request_is_found()
    {
        _run.CustomersOrders.Add(new Order("twin", "confirmed", null, new Money(500, "EUR"), null));

        _run.Broken().ShouldBe(["orders"]);
    }

    [Fact]
    public void One_order_for_two_requests_is_found()
    {
        var (one, two) = (_run.Records.First(r => r.Planned.Kind == OrderKind.Plain), _run.Records.Last(r => r.Planned.Kind == OrderKind.Plain));
        _run.Replace(two, two with { Id = one.Id });

        _run.Broken().ShouldContain("orders");
    }

    [Fact]
    public void An_answer_that_was_contradicted_later_is_found()
    {
        var order = _run.First("visa");
        _run.Orders[order.Id!] = _run.Orders[order.Id!]! with { Status = "cancelled" };

        _run.Broken().ShouldBe(["orders"]);
    }

    [Fact]
    public void A_total_that_the_lines_do_not_make_is_found()
    {
        var order = _run.First("visa");
        _run.Orders[order.Id!] = _run.Orders[order.Id!]! with { Total = new Money(1, "EUR") };

        _run.Broken().ShouldBe(["orders"]);
    }

    [Fact]
    public void A_second_payment_for_an_order_is_found()
    {
        _run.Payments.Add(_run.Payments.First(p => p.Status == "captured") with { Id = "p_2" });

        _run.Broken().ShouldBe(["payments"]);
    }

    [Fact]
    public void A_parcel_for_a_cancelled_order_is_found()
    {
        _run.Shipments.Add(new Shipment("s_x", _run.First("declined").Id!, "arranged", "T"));

        _run.Broken().ShouldBe(["shipments"]);
    }

    [Fact]
    public void A_confirmed_order_without_a_parcel_or_with_two_is_found()
    {
        var order = _run.First("visa");
        var shipment = _run.Shipments.Single(s => s.OrderId == order.Id);

        _run.Shipments.Add(shipment with { Id = "s_2" });
        _run.Broken().ShouldBe(["shipments"]);

        _run.Shipments.RemoveAll(s => s.OrderId == order.Id);
        _run.Broken().ShouldBe(["shipments"]);
    }

    [Fact]
    public void An_item_that_was_sold_twice_is_found()
    {
        var (sku, item) = _run.Items.First();
        _run.Items[sku] = item with { Available = item.Available - 1 };

        _run.Broken().ShouldBe(["stock"]);
    }

    [Fact]
    public void A_reservation_that_nobody_holds_is_found_even_when_the_sum_is_right()
    {
        var (sku, item) = _run.Items.First();
        _run.Items[sku] = item with { Available = item.Available - 2, Reserved = item.Reserved + 2 };

        _run.Broken().ShouldBe(["stock"]);
    }

    [Fact]
    public void An_order_of_a_special_kind_that_ended_otherwise_is_found()
    {
        var order = _run.First("declined");
        _run.Replace(order, order with { Trouble = "was refused: 400" });

        _run.Broken().ShouldBe(["endings"]);
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(5, true)]
    [InlineData(6, false)]
    public void Of_a_thousand_orders_one_in_a_hundred_plain_ones_may_be_undone(int undone, bool fine)
    {
        var run = new HappyRun(1000);
        run.Records.Count(r => r.Planned.Kind == OrderKind.Plain).ShouldBeInRange(500, 599);
        foreach (var r in run.Records.Where(r => r.Planned.Kind == OrderKind.Plain).Take(undone).ToList())
        {
            run.Replace(r, r with { Status = "cancelled" });
        }

        Books.Check(run.Plan, run.Records, new Observation
        {
            Orders = run.Orders,
            CustomersOrders = [],
            Payments = run.Payments.ToLookup(p => p.OrderId, StringComparer.Ordinal),
            Shipments = run.Shipments.ToLookup(s => s.OrderId, StringComparer.Ordinal),
            Items = run.Items,
            Ledger = [],
            OtherOrders = run.OtherOrders,
        }).First(b => b.Book == "promise").AddsUp.ShouldBe(fine);
    }

    [Fact]
    public void A_plain_order_that_never_ended_is_not_covered_by_the_one_in_a_hundred()
    {
        var order = _run.First("visa");
        _run.Replace(order, order with { Status = "pending", Trouble = "isn't settled after 5 min" });

        _run.Broken().ShouldContain("endings");
    }
}

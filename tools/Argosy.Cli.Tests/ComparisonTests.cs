using Argosy.Cli.Reconcile;
using Argosy.Testing;
using Shouldly;
using Xunit;

namespace Argosy.Cli.Tests;

/// <summary>Each way in which two can contradict each other is put into books that add up, and is all that is found.</summary>
public sealed class ComparisonTests
{
    private static readonly StatedOrder Order = new("o1", "confirmed", new Money(500, "EUR"), [new Line("tea", 2)], "completed");
    private static readonly StatedPayment Payment = new("p1", "o1", "captured", 500, 0, "pi_1", Waits: false);
    private static readonly LedgerEntry Capture = new("ch_1", "capture", "p1", "o1", 500, "EUR");
    private static readonly LedgerEntry Refund = new("re_1", "refund", "p1", "o1", 500, "EUR");
    private static readonly StatedReservation Reservation = new("o1", [new Line("tea", 2, "reserved")]);
    private static readonly StatedStock Shelf = new("tea", 10, 8, 2, 0, 2, 0);
    private static readonly StatedShipment Shipment = new("s1", "o1", "arranged");
    private static readonly Books Right = new([Order], [Payment], [Capture], [Reservation], [Shelf], [Shipment]);

    [Fact]
    public void Right_books_have_no_differences() => Comparison.Of(Right).Differences.ShouldBeEmpty();

    [Fact]
    public void A_cancelled_order_whose_money_went_back_adds_up() => Comparison.Of(Right with
    {
        Orders = [Order with { Status = "cancelled", Saga = "compensated" }],
        Payments = [Payment with { Status = "refunded", Refunded = 500 }],
        Ledger = [Capture, Refund],
        Reservations = [new StatedReservation("o1", [new Line("tea", 2, "released")])],
        Stock = [new StatedStock("tea", 10, 10, 0, 0, 0, 0)],
        Shipments = [Shipment with { Status = "cancelled" }],
    }).Differences.ShouldBeEmpty();

    [Theory]
    [InlineData("running", "pending", false)]
    [InlineData("compensating", "cancelling", false)]
    [InlineData("completed", "confirmed", true)]
    public void What_is_on_its_way_is_counted_and_not_judged(string saga, string status, bool waits)
    {
        var (differences, inFlight) = Comparison.Of(Right with
        {
            Orders = [Order with { Saga = saga, Status = status }],
            Payments = [Payment with { Captured = 0, Waits = waits }],
            Ledger = [],
        });
        differences.ShouldBeEmpty();
        inFlight.ShouldBe(1);
    }

    [Fact]
    public void A_provider_that_knows_of_no_payment_at_all_is_one_difference_and_not_one_for_each() => Found(
        Right with { Orders = [Order, Order with { OrderId = "o2" }], Payments = [Payment, Payment with { Id = "p2", OrderId = "o2" }], Ledger = [] },
        "its ledger is empty, and payment-service knows of 2 payments that were charged there: it isn't the provider that they were charged at");

    [Fact]
    public void Each_difference_is_found_and_nothing_beside_it()
    {
        Found(Right with { Orders = [Order with { Saga = "stuck" }] }, "its checkout is stuck, the order is confirmed");
        Found(Right with { Ledger = [], Payments = [Payment with { Captured = 0 }] }, "it is confirmed, and the provider never charged it");
        Found(Right with { Ledger = [Capture, Capture with { Id = "ch_2" }], Payments = [Payment] }, "the provider charged it 2 times: capture ch_1, capture ch_2");
        Found(Right with { Ledger = [Capture with { Amount = 501 }], Payments = [Payment with { Captured = 501 }] }, "it costs 500 EUR (minor units), and the provider charged 501 EUR (minor units)");
        Found(Right with { Payments = [] }, "the provider charged 500 EUR (minor units), and payment-service knows of 0 EUR (minor units)");
        Found(Right with { Ledger = [Capture, Refund] }, "the provider gave back 500 EUR (minor units), and payment-service knows of 0 EUR (minor units)");
        Found(Right with { Reservations = [], Stock = [Shelf with { Available = 10, Reserved = 0, Held = 0 }] }, "it is confirmed with 2 of tea, and inventory-service holds 0 for it");
        Found(Right with { Shipments = [] }, "it is confirmed, and no parcel of it is arranged");
        Found(Right with { Shipments = [Shipment with { Status = "dispatched" }] }, "it is confirmed, and its parcel is dispatched");
        Found(Right with { Stock = [Shelf with { Available = 7 }] }, "its shelf has 1 fewer in all than were put in");
        Found(Right with { Stock = [Shelf with { Available = 5, Reserved = 5 }] }, "its shelf has 3 more reserved than its orders hold");
        Found(Right with { Stock = [Shelf with { Available = 7, Sold = 1 }] }, "its shelf has 1 more sold than its orders bought");
        Found(Right with { Stock = [new StatedStock("tea", 1, -1, 2, 0, 2, 0)] }, "its shelf has less than nothing available");
        Found(Right with { Orders = [Order with { Status = "pending" }] }, "it is pending, and its checkout is completed: nobody ends it");
        Found(Right with { Orders = [Order with { Status = "cancelling", Saga = null }] }, "it is cancelling, and its checkout is nowhere: nobody ends it");
    }

    [Fact]
    public void By_how_much_a_shelf_is_wrong_is_said_in_the_same_words_however_fast_it_sells()
    {
        var first = Comparison.Of(Right with { Stock = [new StatedStock("tea", 10, 5, 5, 0, 2, 0)] }).Differences;
        var later = Comparison.Of(Right with { Stock = [new StatedStock("tea", 10, 3, 4, 3, 1, 3)] }).Differences;

        later.ShouldBe(first);
        first.ShouldHaveSingleItem().What.ShouldBe("its shelf has 3 more reserved than its orders hold");
    }

    [Fact]
    public void That_payment_service_still_tries_to_give_money_back_excuses_nobody_who_owes_it()
    {
        var owed = Right with
        {
            Orders = [Order with { Status = "cancelled", Saga = "compensated" }],
            Payments = [Payment with { Status = "refunding", Waits = true }],
            Reservations = [],
            Stock = [Shelf with { Available = 10, Reserved = 0, Held = 0 }],
            Shipments = [],
        };

        Found(owed, "it is cancelled, and the provider holds 500 EUR (minor units) of it");
        Comparison.Of(owed).Differences.Single().Repair.ShouldNotContain("/refunds", Case.Insensitive, "all of it is being refunded already");
        Found(owed with { Orders = [Order with { Status = "cancelling", Saga = "stuck" }] }, "its checkout is stuck, the order is cancelling");
    }

    [Fact]
    public void A_cancelled_order_that_keeps_something_is_a_difference_for_each_thing()
    {
        var (differences, _) = Comparison.Of(Right with { Orders = [Order with { Status = "cancelled", Saga = "compensated" }] });
        differences.Select(difference => difference.What).ShouldBe(
        [
            "it is cancelled, and the provider holds 500 EUR (minor units) of it",
            "it is cancelled, and 2 of tea are reserved",
            "it is cancelled, and its parcel s1 is arranged",
        ]);
    }

    [Fact]
    public void What_the_provider_has_of_an_order_that_nobody_knows_is_one_difference_with_what_is_left_there()
    {
        var beyond = new Books([], [], [Capture, Capture with { Id = "ch_2", OrderId = "o2" }, Refund with { OrderId = "o2" }], [], [], []);
        var (differences, _) = Comparison.Of(beyond);
        differences.ShouldBe(
        [
            new Difference("o1", "nobody knows this order, and the provider has capture ch_1 for it: 500 EUR (minor units) of the customer's money is left there",
                "if it is the customer's: refund capture ch_1 at the provider; payment-service does not know it"),
            new Difference("o2", "nobody knows this order, and the provider has capture ch_2, refund re_1 for it: 0 EUR (minor units) of the customer's money is left there", "nothing is to be paid"),
        ]);
    }

    [Fact]
    public void Only_what_every_reading_finds_for_long_enough_stands()
    {
        var (passing, staying) = (new Difference("a", "x", "y"), new Difference("b", "x", "y"));
        var persistence = new Persistence(TimeSpan.Zero, TimeProvider.System);
        persistence.Note([passing, staying]).ShouldBeTrue();
        persistence.Note([staying]).ShouldBeTrue();
        persistence.Standing().ShouldBe([staying]);

        var patient = new Persistence(TimeSpan.FromHours(1), TimeProvider.System);
        patient.Note([staying]).ShouldBeFalse();
        patient.Standing().ShouldBeEmpty();
        patient.Note([]).ShouldBeTrue();
    }

    [Fact]
    public void A_first_reading_that_took_long_shortens_no_wait()
    {
        var (time, difference) = (new FakeTime(), new Difference("a", "x", "y"));
        var persistence = new Persistence(TimeSpan.FromSeconds(3), time);
        time.Advance(TimeSpan.FromSeconds(10));
        persistence.Note([difference]).ShouldBeFalse();
        time.Advance(TimeSpan.FromSeconds(2));
        persistence.Note([difference]).ShouldBeFalse();

        time.Advance(TimeSpan.FromSeconds(1));

        persistence.Note([difference]).ShouldBeTrue();
        persistence.Standing().ShouldBe([difference]);
    }

    private static void Found(Books books, string what) => Comparison.Of(books).Differences.ShouldHaveSingleItem(what).What.ShouldBe(what);
}

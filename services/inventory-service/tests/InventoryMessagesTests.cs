using Argosy.Chassis.Messaging;
using Argosy.Chassis.Store;
using Argosy.Contracts.Inventory.V1;
using Shouldly;
using Xunit;

namespace Argosy.Inventory.Tests;

public sealed class InventoryMessagesTests : IAsyncLifetime
{
    private Shop _shop = null!;

    public async ValueTask InitializeAsync() => _shop = await Shop.OpenAsync();

    public ValueTask DisposeAsync() => _shop.DisposeAsync();

    [Fact]
    public async Task Reserving_moves_pieces_from_available_to_reserved()
    {
        await _shop.StockAsync("mug", 10);

        await _shop.ReserveAsync("order-1", null, ("mug", 3));

        (await _shop.BooksAsync("mug")).ShouldBe(new Books(10, 7, 3, 0));
        (await _shop.CountAsync<StockReserved>("order-1")).ShouldBe(1);
    }

    [Fact]
    public async Task An_order_gets_all_of_its_lines_or_nothing()
    {
        await _shop.StockAsync("mug", 10);
        await _shop.StockAsync("globe", 1);

        await _shop.ReserveAsync("order-1", null, ("mug", 3), ("globe", 2));

        (await _shop.BooksAsync("mug")).ShouldBe(new Books(10, 10, 0, 0));
        var rejected = (await _shop.Bench.PublishedAsync<StockRejected>()).ShouldHaveSingleItem();
        rejected.OrderId.ShouldBe("order-1");
        rejected.Sku.ShouldBe("globe");
        rejected.Reason.ShouldBe("Only one “The globe” is left.");
    }

    [Fact]
    public async Task An_unknown_item_is_a_rejection()
    {
        await _shop.ReserveAsync("order-1", null, ("nope", 1));

        (await _shop.Bench.PublishedAsync<StockRejected>()).ShouldHaveSingleItem().Sku.ShouldBe("nope");
    }

    [Fact]
    public async Task The_same_message_twice_has_one_effect_and_one_answer()
    {
        await _shop.StockAsync("mug", 10);

        await _shop.ReserveAsync("order-1", "message-1", ("mug", 3));
        await _shop.ReserveAsync("order-1", "message-1", ("mug", 3));

        (await _shop.BooksAsync("mug")).ShouldBe(new Books(10, 7, 3, 0));
        (await _shop.CountAsync<StockReserved>("order-1")).ShouldBe(1);
    }

    [Fact]
    public async Task The_command_again_under_a_new_id_is_answered_from_the_books()
    {
        await _shop.StockAsync("mug", 3);
        await _shop.ReserveAsync("order-1", null, ("mug", 3));

        await _shop.ReserveAsync("order-1", null, ("mug", 3));

        (await _shop.BooksAsync("mug")).ShouldBe(new Books(3, 0, 3, 0));
        (await _shop.CountAsync<StockReserved>("order-1")).ShouldBe(2);
        (await _shop.CountAsync<StockRejected>("order-1")).ShouldBe(0);
    }

    [Fact]
    public async Task Releasing_makes_the_pieces_available_again_once()
    {
        await _shop.StockAsync("mug", 10);
        await _shop.ReserveAsync("order-1", null, ("mug", 3));

        await _shop.ReleaseAsync("order-1");
        await _shop.ReleaseAsync("order-1");

        (await _shop.BooksAsync("mug")).ShouldBe(new Books(10, 10, 0, 0));
        (await _shop.CountAsync<StockReleased>("order-1")).ShouldBe(2);
    }

    [Fact]
    public async Task Releasing_nothing_succeeds_and_a_reservation_that_comes_late_has_no_effect()
    {
        await _shop.StockAsync("mug", 10);

        await _shop.Bench.DeliverAsync(new ReleaseStock { OrderId = "order-1" }, "undo-1", new MessageHeaders { Undoes = "do-1" });
        await _shop.ReserveAsync("order-1", "do-1", ("mug", 3));

        (await _shop.BooksAsync("mug")).ShouldBe(new Books(10, 10, 0, 0));
        (await _shop.CountAsync<StockReleased>("order-1")).ShouldBe(1);
        (await _shop.CountAsync<StockReserved>("order-1")).ShouldBe(0);
    }

    [Fact]
    public async Task Reserving_after_the_release_is_rejected()
    {
        await _shop.StockAsync("mug", 10);
        await _shop.ReserveAsync("order-1", null, ("mug", 3));
        await _shop.ReleaseAsync("order-1");

        await _shop.ReserveAsync("order-1", null, ("mug", 3));

        (await _shop.BooksAsync("mug")).ShouldBe(new Books(10, 10, 0, 0));
        (await _shop.CountAsync<StockRejected>("order-1")).ShouldBe(1);
    }

    [Fact]
    public async Task Shipping_turns_reserved_into_sold_once()
    {
        await _shop.StockAsync("mug", 10);
        await _shop.ReserveAsync("order-1", null, ("mug", 3));

        await _shop.ShipAsync("order-1");
        await _shop.ShipAsync("order-1");

        (await _shop.BooksAsync("mug")).ShouldBe(new Books(10, 7, 0, 3));
    }

    [Fact]
    public async Task What_is_sold_stays_sold_though_somebody_asks_for_its_release()
    {
        await _shop.StockAsync("mug", 10);
        await _shop.ReserveAsync("order-1", null, ("mug", 3));
        await _shop.ShipAsync("order-1");

        await _shop.ReleaseAsync("order-1");

        (await _shop.BooksAsync("mug")).ShouldBe(new Books(10, 7, 0, 3));
        (await _shop.CountAsync<StockReleased>("order-1")).ShouldBe(1);
    }

    [Fact]
    public async Task A_line_without_a_quantity_is_parked_and_touches_nothing()
    {
        await _shop.StockAsync("mug", 10);

        await _shop.ReserveAsync("order-1", null, ("mug", 3), ("mug", 0));

        (await _shop.Bench.ParkedAsync()).Count.ShouldBe(1);
        (await _shop.BooksAsync("mug")).ShouldBe(new Books(10, 10, 0, 0));
    }

    [Fact]
    public async Task The_last_item_wanted_by_a_hundred_customers_at_once_goes_to_one()
    {
        await _shop.StockAsync("globe", 1);

        await Task.WhenAll(Enumerable.Range(0, 100).Select(i => Task.Run(() => _shop.ReserveAsync($"order-{i}", null, ("globe", 1)))));

        (await _shop.BooksAsync("globe")).ShouldBe(new Books(1, 0, 1, 0));
        (await _shop.Bench.PublishedAsync<StockReserved>()).Count.ShouldBe(1);
        var rejected = await _shop.Bench.PublishedAsync<StockRejected>();
        rejected.Count.ShouldBe(99);
        rejected.ShouldAllBe(message => message.Reason == "“The globe” is sold out.");
        (await _shop.Bench.ParkedAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task Orders_that_want_the_same_items_in_any_order_all_end()
    {
        await _shop.StockAsync("a", 50);
        await _shop.StockAsync("b", 50);

        await Task.WhenAll(Enumerable.Range(0, 100).Select(i => Task.Run(() =>
            i % 2 == 0 ? _shop.ReserveAsync($"order-{i}", null, ("a", 1), ("b", 1)) : _shop.ReserveAsync($"order-{i}", null, ("b", 1), ("a", 1)))));

        (await _shop.BooksAsync("a")).ShouldBe(new Books(50, 0, 50, 0));
        (await _shop.BooksAsync("b")).ShouldBe(new Books(50, 0, 50, 0));
        (await _shop.Bench.ParkedAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task Wanting_more_or_fewer_on_the_shelf_leaves_reserved_and_sold_alone()
    {
        await _shop.StockAsync("mug", 10);
        await _shop.ReserveAsync("order-1", null, ("mug", 3));
        await _shop.ReserveAsync("order-2", null, ("mug", 2));
        await _shop.ShipAsync("order-2");

        await _shop.StockAsync("mug", 100);
        (await _shop.BooksAsync("mug")).ShouldBe(new Books(105, 100, 3, 2));

        await _shop.StockAsync("mug", 0);
        (await _shop.BooksAsync("mug")).ShouldBe(new Books(5, 0, 3, 2));
    }

    [Fact]
    public async Task The_table_itself_refuses_books_that_do_not_add_up()
    {
        await _shop.StockAsync("mug", 10);

        await Should.ThrowAsync<CommitException>(() => _shop.Bench.CommitAsync(work => work.Execute("update stock set available = 9 where sku = 'mug'")));
        await Should.ThrowAsync<CommitException>(() => _shop.Bench.CommitAsync(work => work.Execute("update stock set available = -1, put_in = -1 where sku = 'mug'")));
    }
}

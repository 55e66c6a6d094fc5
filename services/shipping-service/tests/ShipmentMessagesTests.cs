using System.Collections.Frozen;
using Argosy.Chassis.Messaging;
using Argosy.Chassis.Store;
using Argosy.Contracts.Common.V1;
using Argosy.Contracts.Shipping.V1;
using Argosy.Testing;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Xunit;

namespace Argosy.Shipping.Tests;

public sealed class ShipmentMessagesTests : IAsyncLifetime
{
    private MessageBench _bench = null!;

    public async ValueTask InitializeAsync() => _bench = await MessageBench.OpenAsync("shipping-service", typeof(ShippingOptions).Assembly, services =>
    {
        services.AddSingleton(new ShippingOptions(new[] { "DE", "FR" }.ToFrozenSet()));
        services.AddSingleton<Shipments>();
    }, typeof(ShipmentMessages));

    public ValueTask DisposeAsync() => _bench.DisposeAsync();

    [Fact]
    public async Task A_parcel_is_arranged_with_a_tracking_number()
    {
        await ArrangeAsync("order-1", "DE");

        (await _bench.ParkedAsync()).ShouldBeEmpty();
        var arranged = (await _bench.PublishedAsync<ShipmentArranged>()).ShouldHaveSingleItem();
        arranged.ShipmentId.ShouldBe(Shipment.IdOf("order-1"));
        TrackingNumber.IsValid(arranged.TrackingNumber).ShouldBeTrue();
        (await StatusAsync("order-1")).ShouldBe("arranged");
        (await _bench.ParkedAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_country_that_we_do_not_serve_is_refused_with_a_sentence()
    {
        await ArrangeAsync("order-1", "AQ");

        (await _bench.PublishedAsync<ShipmentRefused>()).ShouldHaveSingleItem().Reason.ShouldBe("We do not ship to AQ yet.");
        (await StatusAsync("order-1")).ShouldBe("refused");
    }

    [Theory]
    [InlineData("DE")]
    [InlineData("AQ")]
    public async Task The_command_again_under_a_new_id_is_answered_the_same(string country)
    {
        await ArrangeAsync("order-1", country);
        await ArrangeAsync("order-1", country);

        (await _bench.PublishedAsync<ShipmentArranged>()).Distinct().Count().ShouldBe(country == "DE" ? 1 : 0);
        (await _bench.PublishedAsync<ShipmentArranged>()).Count.ShouldBe(country == "DE" ? 2 : 0);
        (await _bench.PublishedAsync<ShipmentRefused>()).Count.ShouldBe(country == "DE" ? 0 : 2);
    }

    [Fact]
    public async Task An_arranged_parcel_is_cancelled_and_again_is_no_failure()
    {
        await ArrangeAsync("order-1", "DE");

        await CancelAsync("order-1");
        await CancelAsync("order-1");

        (await StatusAsync("order-1")).ShouldBe("cancelled");
        (await _bench.PublishedAsync<ShipmentCancelled>()).Count.ShouldBe(2);
    }

    [Fact]
    public async Task Cancelling_nothing_succeeds_and_a_parcel_that_is_arranged_late_never_is()
    {
        await _bench.DeliverAsync(new CancelShipment { OrderId = "order-1" }, "undo-1", new MessageHeaders { Undoes = "do-1" });
        await ArrangeAsync("order-1", "DE", "do-1");

        (await StatusAsync("order-1")).ShouldBeNull();
        (await _bench.PublishedAsync<ShipmentCancelled>()).Count.ShouldBe(1);
        (await _bench.PublishedAsync<ShipmentArranged>()).ShouldBeEmpty();
    }

    [Fact]
    public async Task Cancelling_a_refused_parcel_succeeds()
    {
        await ArrangeAsync("order-1", "AQ");
        await CancelAsync("order-1");

        (await StatusAsync("order-1")).ShouldBe("refused");
        (await _bench.PublishedAsync<ShipmentCancelled>()).Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_parcel_is_not_arranged_again_after_its_cancellation()
    {
        await ArrangeAsync("order-1", "DE");
        await CancelAsync("order-1");
        await ArrangeAsync("order-1", "DE");

        (await StatusAsync("order-1")).ShouldBe("cancelled");
        (await _bench.PublishedAsync<ShipmentRefused>()).Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_parcel_that_has_left_is_not_cancelled()
    {
        await ArrangeAsync("order-1", "DE");
        await _bench.CommitAsync(work => work.Execute("update shipment set status = 'dispatched'", rows: 1));

        await CancelAsync("order-1");

        (await StatusAsync("order-1")).ShouldBe("dispatched");
        (await _bench.PublishedAsync<ShipmentCancelRefused>()).Count.ShouldBe(1);
        (await _bench.PublishedAsync<ShipmentCancelled>()).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_parcel_without_an_address_is_our_own_mistake()
    {
        await _bench.DeliverAsync(new ArrangeShipment { OrderId = "order-1", CustomerId = "customer-1" });

        (await _bench.ParkedAsync()).Count.ShouldBe(1);
    }

    internal static ArrangeShipment Arrange(string order, string country) => new()
    {
        OrderId = order,
        CustomerId = "customer-1",
        Address = new() { Name = "Ada Lovelace", Street = "Main Street 1", City = "Berlin", PostalCode = "10115", Country = country },
        Lines = { new Line { Sku = "MUG", Quantity = 2 } },
    };

    private Task ArrangeAsync(string order, string country, string? id = null) => _bench.DeliverAsync(Arrange(order, country), id);

    private Task CancelAsync(string order) => _bench.DeliverAsync(new CancelShipment { OrderId = order, Reason = "test" });

    private Task<string?> StatusAsync(string order) => _bench.Store.FirstOrDefaultAsync<string>("select status from shipment where order_id = @order", new { order });
}

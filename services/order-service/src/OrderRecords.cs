using System.Text.Json;
using Argosy.Chassis;
using Argosy.Chassis.Hosting;

namespace Argosy.Orders;

/// <summary>An order as a customer asks for it.</summary>
/// <param name="Lines">At least one; what they cost is ours to say.</param>
/// <param name="PaymentToken">The payment provider's token, and never a card number.</param>
/// <param name="ShippingAddress">Where it goes; without one, to the default address of the customer's profile.</param>
internal sealed record PlaceOrder(IReadOnlyList<PlaceLine>? Lines, string? PaymentToken, Address? ShippingAddress) : IExample<PlaceOrder>
{
    public static PlaceOrder Example { get; } = new([new PlaceLine("TEA-SENCHA", 2)], "tok_visa", OrderView.Example.ShippingAddress);
}

internal sealed record PlaceLine(string? Sku, int Quantity);

internal sealed record CancelOrder(string? Reason) : IExample<CancelOrder>
{
    public static CancelOrder Example { get; } = new("I found it elsewhere.");
}

/// <summary>An order as it is shown.</summary>
internal sealed record OrderView(
    string Id, string Status, string? Reason, Money Total, IReadOnlyList<OrderLine> Lines, Address ShippingAddress,
    string? TrackingNumber, DateTimeOffset PlacedAt, DateTimeOffset UpdatedAt) : IExample<OrderView>
{
    private static readonly DateTimeOffset Placed = new(2026, 3, 14, 9, 26, 53, TimeSpan.Zero);

    public static OrderView Example { get; } = new(
        "0195946a-4b2c-7d31-9f3e-6a1f0c5d2e77", "confirmed", null, new Money(1980, "EUR"), [new OrderLine("TEA-SENCHA", "Sencha green tea, 100 g", 2, new Money(990, "EUR"))],
        new Address("Ada Lovelace", "12 St James's Square", "London", "SW1Y 4JH", "GB"), "AR000000017GB", Placed, Placed.AddSeconds(2));

    public static OrderView Of(string id, Order order) => new(
        id, OrderViews.StatusText(order.Status), order.Reason, order.Total, order.Lines, order.ShippingAddress!, order.TrackingNumber, order.PlacedAt, order.UpdatedAt);
}

internal sealed record HistoryEntry(long Version, string Type, DateTimeOffset At, JsonElement Data);

internal sealed record History(IReadOnlyList<HistoryEntry> Items) : IExample<History>
{
    public static History Example { get; } = new([new HistoryEntry(1, "OrderPlaced", OrderView.Example.PlacedAt, JsonElement.Parse("""{"customer":"0195946a-0f66-7a10-8c1d-0d7b4c1f3a52"}"""))]);
}

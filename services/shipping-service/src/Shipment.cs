using Argosy.Chassis;
using Argosy.Chassis.Hosting;

namespace Argosy.Shipping;

/// <summary>Where a parcel goes.</summary>
internal sealed record Address(string Name, string Street, string City, string PostalCode, string Country);

/// <summary>What can be known of a parcel, in the words of the table.</summary>
internal static class ShipmentStatus
{
    public const string Arranged = "arranged";
    public const string Dispatched = "dispatched";
    public const string Cancelled = "cancelled";
    public const string Refused = "refused";
}

/// <summary>A parcel of one order.</summary>
internal sealed record Shipment(
    string Id, string OrderId, string Customer, string Status, string? Tracking, string? Reason,
    string Name, string Street, string City, string PostalCode, string Country, long Created)
{
    /// <summary>The one shipment that an order can have.</summary>
    public static string IdOf(string order) => Ids.From($"shipment/{order}");

    /// <summary>Why it cannot leave now; null where it can, or has left already.</summary>
    public Problem? WhyNotDispatch() => Status switch
    {
        ShipmentStatus.Arranged or ShipmentStatus.Dispatched => null,
        ShipmentStatus.Cancelled => Problem.Conflict("shipment.cancelled", "This shipment was cancelled."),
        _ => Problem.Conflict("shipment.refused", "This shipment was refused and never arranged."),
    };

    public ShipmentView ToView() => new(
        Id, OrderId, Status, Tracking, new Address(Name, Street, City, PostalCode, Country), DateTimeOffset.FromUnixTimeMilliseconds(Created));
}

/// <summary>A shipment as it is shown.</summary>
internal sealed record ShipmentView(string Id, string OrderId, string Status, string? TrackingNumber, Address Address, DateTimeOffset CreatedAt) : IExample<ShipmentView>
{
    public static ShipmentView Example { get; } = new(
        "0195946a-4f3b-7a68-9d0c-1e5b7f2a8c36", "0195946a-4b2c-7d31-9f3e-6a1f0c5d2e77", ShipmentStatus.Arranged, "AR000000017GB",
        new Address("Ada Lovelace", "12 St James's Square", "London", "SW1Y 4JH", "GB"), new DateTimeOffset(2026, 3, 14, 9, 26, 54, TimeSpan.Zero));
}

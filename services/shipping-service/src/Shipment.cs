using Argosy.Chassis;

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
internal sealed record ShipmentView(string Id, string OrderId, string Status, string? TrackingNumber, Address Address, DateTimeOffset CreatedAt);

using System.Text.Json;
using System.Text.Json.Serialization;

namespace Argosy.Cli.Demo;

internal sealed record Money(long Amount, string Currency);

internal sealed record Address(string Name, string Street, string City, string PostalCode, string Country);

internal sealed record NewItem(string Name, Money Price, int Stock);

internal sealed record NewLine(string Sku, int Quantity);

internal sealed record NewOrder(IReadOnlyList<NewLine> Lines, string PaymentToken, Address ShippingAddress);

internal sealed record NewCancellation(string Reason);

internal sealed record Order(string Id, string Status, string? Reason, Money Total, string? TrackingNumber);

internal sealed record Item(string Sku, long Available, long? Reserved, long? Sold);

internal sealed record Shipment(string Id, string OrderId, string Status, string? TrackingNumber);

internal sealed record Page<T>(IReadOnlyList<T> Items, string? NextCursor);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(NewItem))]
[JsonSerializable(typeof(NewOrder))]
[JsonSerializable(typeof(NewCancellation))]
[JsonSerializable(typeof(Order))]
[JsonSerializable(typeof(Item))]
[JsonSerializable(typeof(Page<Order>), TypeInfoPropertyName = "OrderPage")]
[JsonSerializable(typeof(Page<Shipment>), TypeInfoPropertyName = "ShipmentPage")]
internal sealed partial class DemoWire : JsonSerializerContext;

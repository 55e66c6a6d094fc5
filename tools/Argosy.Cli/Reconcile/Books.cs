using System.Text.Json;
using System.Text.Json.Serialization;

namespace Argosy.Cli.Reconcile;

internal sealed record Money(long Amount, string Currency);

internal sealed record Line(string Sku, long Quantity, string? State = null);

internal sealed record StatedOrder(string OrderId, string Status, Money Total, IReadOnlyList<Line> Lines, string? Saga);

internal sealed record StatedPayment(string Id, string OrderId, string Status, long Captured, long Refunded, string? IntentId, bool Waits);

internal sealed record StatedReservation(string OrderId, IReadOnlyList<Line> Lines);

/// <param name="Held">Null where the service is of a version that doesn't say it.</param>
internal sealed record StatedStock(string Sku, long PutIn, long Available, long Reserved, long Sold, long? Held, long? Bought);

internal sealed record StatedShipment(string Id, string OrderId, string Status);

internal sealed record LedgerEntry(string Id, string Type, string PaymentId, string OrderId, long Amount, string Currency);

internal sealed record Ledger(IReadOnlyList<LedgerEntry> Entries);

internal sealed record Page<T>(IReadOnlyList<T> Items, string? NextCursor);

/// <summary>What everybody says of the same orders, each in their own words.</summary>
internal sealed record Books(
    IReadOnlyList<StatedOrder> Orders, IReadOnlyList<StatedPayment> Payments, IReadOnlyList<LedgerEntry> Ledger,
    IReadOnlyList<StatedReservation> Reservations, IReadOnlyList<StatedStock> Stock, IReadOnlyList<StatedShipment> Shipments);

/// <summary>
/// Two that contradict each other: what about, what it is, and what could be done. Of something that changes all the while it says only what
/// stays the same, since it is told from what passes by its words.
/// </summary>
internal sealed record Difference(string About, string What, string Repair);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Page<StatedOrder>), TypeInfoPropertyName = "Orders")]
[JsonSerializable(typeof(Page<StatedPayment>), TypeInfoPropertyName = "Payments")]
[JsonSerializable(typeof(Page<StatedReservation>), TypeInfoPropertyName = "Reservations")]
[JsonSerializable(typeof(Page<StatedStock>), TypeInfoPropertyName = "Stock")]
[JsonSerializable(typeof(Page<StatedShipment>), TypeInfoPropertyName = "Shipments")]
[JsonSerializable(typeof(Ledger))]
[JsonSerializable(typeof(IReadOnlyList<Difference>), TypeInfoPropertyName = "Differences")]
internal sealed partial class BooksJson : JsonSerializerContext;

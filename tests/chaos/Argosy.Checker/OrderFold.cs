using System.Text.Json.Nodes;

namespace Argosy.Checker;

/// <summary>An order's row in the read model, or what that row must be.</summary>
internal sealed record OrderRow(
    string Customer, string Status, string? Reason, long Total, string Currency, string Lines, string Address, string? Tracking, long Placed, long Updated, long Version)
{
    /// <summary>What is different, as "column is this instead of that"; null where nothing is.</summary>
    public static string? Difference(OrderRow expected, OrderRow found)
    {
        (string Column, object? Expected, object? Found)[] columns =
        [
            ("customer", expected.Customer, found.Customer), ("status", expected.Status, found.Status), ("reason", expected.Reason, found.Reason),
            ("total", expected.Total, found.Total), ("currency", expected.Currency, found.Currency),
            ("lines", expected.Lines, Same(expected.Lines, found.Lines) ? expected.Lines : found.Lines),
            ("address", expected.Address, Same(expected.Address, found.Address) ? expected.Address : found.Address),
            ("tracking", expected.Tracking, found.Tracking), ("placed", expected.Placed, found.Placed), ("updated", expected.Updated, found.Updated),
            ("version", expected.Version, found.Version),
        ];
        var different = columns.Where(c => !Equals(c.Expected, c.Found)).Select(c => $"{c.Column} is {c.Found ?? "null"} instead of {c.Expected ?? "null"}").ToList();
        return different.Count == 0 ? null : string.Join(", ", different);
    }

    // Two writers of JSON may escape differently.
    private static bool Same(string one, string other) => one == other || JsonNode.DeepEquals(JsonNode.Parse(one), JsonNode.Parse(other));
}

/// <summary>The checker's own telling of an order from its stored events, written from the design and not from the service.</summary>
internal static class OrderFold
{
    /// <summary>The row after one more event; null stands for no order yet.</summary>
    /// <exception cref="FormatException">The event can't follow, or is none that this checker knows.</exception>
    public static OrderRow Next(OrderRow? row, long version, string type, string data)
    {
        var said = JsonNode.Parse(data) ?? throw new FormatException($"event {version} is null");
        var at = said["at"]!.GetValue<DateTimeOffset>().ToUnixTimeMilliseconds();
        if (version != (row?.Version ?? 0) + 1)
        {
            throw new FormatException($"event {version} comes after {row?.Version ?? 0}: some are missing");
        }

        if (type == "order.placed")
        {
            return row is null ? Placed(said, at) : throw new FormatException($"event {version} places it a second time");
        }

        var before = (row ?? throw new FormatException($"its first event is {type}")) with { Updated = at, Version = version };
        return type switch
        {
            "order.confirmed" => before with { Status = "confirmed", Reason = null, Tracking = Text(said, "trackingNumber") ?? before.Tracking },
            "order.shipped" => before with { Status = "shipped", Reason = null, Tracking = Text(said, "trackingNumber") ?? before.Tracking },
            "order.cancel-requested" => before with { Status = "cancelling", Reason = Text(said, "reason") },
            "order.cancel-refused" => before with { Status = "confirmed", Reason = null },
            "order.cancelled" => before with { Status = "cancelled", Reason = Text(said, "reason") },
            _ => throw new FormatException($"event {version} is {type}, which nobody knows"),
        };
    }

    private static OrderRow Placed(JsonNode said, long at) => new(
        Text(said, "customer")!, "pending", null, said["total"]!["amount"]!.GetValue<long>(), Text(said["total"]!, "currency")!,
        said["lines"]!.ToJsonString(), said["shippingAddress"]!.ToJsonString(), null, at, at, 1);

    private static string? Text(JsonNode said, string name) => said[name]?.GetValue<string>();
}

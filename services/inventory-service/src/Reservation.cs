using Argosy.Contracts.Common.V1;

namespace Argosy.Inventory;

/// <summary>So many of one item, wanted by an order.</summary>
internal sealed record Wanted(string Sku, long Quantity);

/// <summary>What lies on the shelf.</summary>
internal sealed record OnShelf(string Sku, string Name, long Available);

/// <summary>Why an order cannot have what it wants: the item, how many were wanted, and a sentence for the customer.</summary>
internal sealed record Shortage(string Sku, long Quantity, string Reason);

/// <summary>A line that an order holds, or held.</summary>
internal sealed record HeldLine(string Sku, long Quantity, string State);

/// <summary>The rules of reserving: no I/O, no clock.</summary>
internal static class Reservation
{
    public const string Reserved = "reserved";
    public const string Released = "released";
    public const string Sold = "sold";

    /// <summary>
    /// What the lines ask for, each item once, in the order in which rows are changed (the same for everybody, so that two orders
    /// never wait for each other). A line without a quantity is our own side's mistake and not a customer's: it throws, and the
    /// message becomes a dead letter that an operator sees.
    /// </summary>
    public static IReadOnlyList<Wanted> LinesOf(IReadOnlyCollection<Line> lines)
    {
        if (lines.Count == 0 || lines.Any(line => line.Quantity < 1 || line.Sku.Length == 0))
        {
            throw new ArgumentException("An order reserves at least one line, and at least one piece in each.", nameof(lines));
        }

        return [.. lines.GroupBy(line => line.Sku, StringComparer.Ordinal)
            .Select(same => new Wanted(same.Key, same.Sum(line => (long)line.Quantity)))
            .OrderBy(wanted => wanted.Sku, StringComparer.Ordinal)];
    }

    /// <summary>The first line that cannot be had, or null: all of an order is reserved, or nothing.</summary>
    public static Shortage? FirstShortage(IEnumerable<Wanted> wanted, IReadOnlyDictionary<string, OnShelf> shelf) =>
        wanted.Select(line => Check(line, shelf.GetValueOrDefault(line.Sku))).FirstOrDefault(shortage => shortage is not null);

    private static Shortage? Check(Wanted line, OnShelf? item) => item switch
    {
        null => new Shortage(line.Sku, line.Quantity, $"There is no item “{line.Sku}”."),
        _ when item.Available >= line.Quantity => null,
        { Available: 0 } => new Shortage(line.Sku, line.Quantity, $"“{item.Name}” is sold out."),
        { Available: 1 } => new Shortage(line.Sku, line.Quantity, $"Only one “{item.Name}” is left."),
        _ => new Shortage(line.Sku, line.Quantity, $"Only {item.Available} of “{item.Name}” are left."),
    };
}

namespace Argosy.Cli.Demo;

/// <summary>What everybody else says, read after all is over: the books that the own list is held against.</summary>
internal sealed record Observation
{
    /// <summary>The own orders as order-service has them; null where it knows none.</summary>
    public required IReadOnlyDictionary<string, Order?> Orders { get; init; }

    /// <summary>All orders of this run's customers, as they are listed to them.</summary>
    public required IReadOnlyList<Order> CustomersOrders { get; init; }

    public required ILookup<string, Payment> Payments { get; init; }

    public required ILookup<string, Shipment> Shipments { get; init; }

    public required IReadOnlyDictionary<string, Item> Items { get; init; }

    /// <summary>All that the payment provider has written down, this run's and everybody's.</summary>
    public required IReadOnlyList<LedgerEntry> Ledger { get; init; }

    /// <summary>Orders that aren't this run's and that the ledger names; null where order-service knows none.</summary>
    public required IReadOnlyDictionary<string, Order?> OtherOrders { get; init; }
}

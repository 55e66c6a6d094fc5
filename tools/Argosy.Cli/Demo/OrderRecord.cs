namespace Argosy.Cli.Demo;

/// <summary>What this client knows of an order, and how it knows: the list that all books are held against.</summary>
internal sealed record OrderRecord(PlannedOrder Planned)
{
    /// <summary>Given by the 202; null when the order was refused, or when it isn't known whether there is one.</summary>
    public string? Id { get; init; }

    /// <summary>The last status that this client was told.</summary>
    public string? Status { get; init; }

    public string? Reason { get; init; }

    public Money? Total { get; init; }

    /// <summary>From the first attempt to place it to the 202.</summary>
    public TimeSpan? Accepted { get; init; }

    /// <summary>From the first attempt to place it to the status where it ends.</summary>
    public TimeSpan? Final { get; init; }

    /// <summary>Why it went no further: an answer that refused something, or a deadline.</summary>
    public string? Trouble { get; init; }

    public Ending? Ended => Status switch
    {
        "confirmed" => Ending.Confirmed,
        "shipped" => Ending.Shipped,
        "cancelled" => Ending.Cancelled,
        _ => null,
    };

    public bool EndedAsItShould => Trouble is null && Ended == Planned.Kind.Ends;

    /// <summary>What the report calls its end.</summary>
    public string Outcome => Ended is { } ended ? ended.ToString().ToLowerInvariant() : Id is null ? "not placed" : Status ?? "unknown";

    public string Label => Id is null ? $"order {Planned.Number} ({Planned.Kind.Name})" : $"order {Id} ({Planned.Kind.Name})";
}

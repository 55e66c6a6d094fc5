using System.Text.Json.Serialization;

namespace Argosy.Checker.History;

/// <summary>What a client does; a line of its history is one request and what became of it, or one event of a stream.</summary>
internal static class Act
{
    /// <summary>Asked for an order, under an idempotency key.</summary>
    public const string Place = "place";

    /// <summary>Asked how an order is, or was told so by its stream.</summary>
    public const string Read = "read";

    public const string Cancel = "cancel";

    public const string Dispatch = "dispatch";

    /// <summary>Put an item on the shelf.</summary>
    public const string Put = "put";
}

/// <summary>An amount in minor units.</summary>
internal sealed record Amount([property: JsonPropertyName("amount")] long Minor, string Currency);

/// <summary>
/// One line of a client's history. A client records what it saw and nothing else: customers and items in a history are its own, so
/// that an order of such a customer which nobody was told of is a finding.
/// </summary>
/// <param name="Act">One of <see cref="History.Act"/>.</param>
/// <param name="Asked">When the request went out; for an event of a stream, when the one before it was there.</param>
/// <param name="At">When the answer was there, or was given up on.</param>
internal sealed record HistoryLine(string Act, DateTimeOffset Asked, DateTimeOffset At)
{
    /// <summary>The customer's id, as tokens say it (<c>sub</c>); on <see cref="History.Act.Place"/>.</summary>
    public string? Customer { get; init; }

    /// <summary>The idempotency key, on <see cref="History.Act.Place"/>.</summary>
    public string? Key { get; init; }

    /// <summary>The order; null where no answer named one.</summary>
    public string? Order { get; init; }

    /// <summary>The item, on <see cref="History.Act.Put"/>.</summary>
    public string? Sku { get; init; }

    /// <summary>The HTTP status; null where there was no answer that said whether it was done.</summary>
    public int? Status { get; init; }

    /// <summary>The code of the problem that was answered, for example <c>order.shipped</c>.</summary>
    public string? Problem { get; init; }

    /// <summary>The status of the order that the client was told.</summary>
    public string? Told { get; init; }

    /// <summary>The total that the client was told.</summary>
    public Amount? Total { get; init; }

    /// <summary>The total by the client's own arithmetic, on <see cref="History.Act.Place"/>.</summary>
    public Amount? Expected { get; init; }

    /// <summary>How many were put on the shelf.</summary>
    public long? Stock { get; init; }
}

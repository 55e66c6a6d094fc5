using System.Globalization;
using System.Text.Json.Serialization;

namespace Argosy.Checker.History;

/// <summary>What a line of a history is about.</summary>
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

    /// <summary>Asked for all orders of a customer; each of them has a line of its own too, a <see cref="Read"/>.</summary>
    public const string List = "list";

    /// <summary>Asked how many pieces of an item there are.</summary>
    public const string Count = "count";

    /// <summary>A fault that somebody makes begins, or ends.</summary>
    public const string Fault = "fault";

    /// <summary>No fault is left: from here on everything may be expected to come to rest.</summary>
    public const string Healed = "healed";
}

/// <summary>Which side of an operation, or of a fault, a line is.</summary>
internal static class Side
{
    /// <summary>The request goes out. Where no other line of its <see cref="HistoryLine.Op"/> follows, nobody knows what became of it.</summary>
    public const string Invoke = "invoke";

    public const string Begin = "begin";

    public const string End = "end";
}

/// <summary>An amount in minor units.</summary>
internal sealed record Amount([property: JsonPropertyName("amount")] long Minor, string Currency);

/// <summary>So many pieces of an item.</summary>
internal sealed record Pieces(string Sku, long Quantity);

/// <summary>
/// One line of a history: a request that goes out, a request and what became of it, an event of a stream, or a fault. A client records
/// what it saw and nothing else: customers and items in a history are its own, so that an order of such a customer which nobody was told
/// of is a finding.
/// </summary>
/// <param name="Act">One of <see cref="History.Act"/>.</param>
/// <param name="Asked">When the request went out; for an event of a stream, when the one before it was there.</param>
/// <param name="At">When the answer was there, or was given up on.</param>
internal sealed record HistoryLine(string Act, DateTimeOffset Asked, DateTimeOffset At)
{
    /// <summary>One of <see cref="History.Side"/>; null on the line that says what became of a request.</summary>
    public string? Side { get; init; }

    /// <summary>What the lines of one operation have in common, within a history.</summary>
    public long? Op { get; init; }

    /// <summary>Who asked: one of those who write this history.</summary>
    public string? Client { get; init; }

    /// <summary>Asked after all was healed and had come to rest: what is told here is how it ended.</summary>
    public bool? Final { get; init; }

    /// <summary>The customer's id, as tokens say it (<c>sub</c>); on <see cref="History.Act.Place"/> and <see cref="History.Act.List"/>.</summary>
    public string? Customer { get; init; }

    /// <summary>The idempotency key, on <see cref="History.Act.Place"/>.</summary>
    public string? Key { get; init; }

    /// <summary>What is ordered, on <see cref="History.Act.Place"/>.</summary>
    public IReadOnlyList<Pieces>? Lines { get; init; }

    /// <summary>The order; null where no answer named one.</summary>
    public string? Order { get; init; }

    /// <summary>The item, on <see cref="History.Act.Put"/> and <see cref="History.Act.Count"/>.</summary>
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

    /// <summary>How many were put on the shelf, or are available.</summary>
    public long? Stock { get; init; }

    /// <summary>How many are reserved, on <see cref="History.Act.Count"/>.</summary>
    public long? Reserved { get; init; }

    /// <summary>How many are sold, on <see cref="History.Act.Count"/>.</summary>
    public long? Sold { get; init; }

    /// <summary>The order's version that was read; what is told of a version never changes.</summary>
    public long? Version { get; init; }

    /// <summary>What the fault is, in a word or two: <c>kill</c>, <c>slow link</c>.</summary>
    public string? Fault { get; init; }

    /// <summary>Whom it strikes: a service, a server, or a link as <c>one → other</c>.</summary>
    public string? Whom { get; init; }

    /// <summary>Where the line stands, <c>file:line</c>; null on one that was not read from a file.</summary>
    [JsonIgnore]
    public string? Whence { get; init; }

    /// <summary>The line as somebody reads it who looks for what went wrong.</summary>
    public Fact ToFact() => new(Whence ?? "", string.Create(CultureInfo.InvariantCulture, $"{Said()} ({At.UtcDateTime:HH:mm:ss.fff})"));

    private string Said() => Act switch
    {
        History.Act.Place => $"key {Key} of {Client ?? Customer} was answered {Answer}{(Order is null ? "" : $" with order {Order}")}",
        History.Act.Read => $"{(Final == true ? "in the end " : "")}it was {Told ?? Answer}{(Total is null ? "" : $" at {Total.Minor} {Total.Currency}")}{(Version is null ? "" : $", version {Version}")}",
        History.Act.Cancel => $"its cancellation was answered {Answer}{(Told is null ? "" : $", {Told}")}",
        History.Act.Dispatch => $"its dispatch was answered {Answer}",
        History.Act.Put => $"{Stock} of {Sku} were put on the shelf, answered {Answer}",
        History.Act.List => $"customer {Customer} was shown all orders, answered {Answer}",
        History.Act.Count => $"{Sku} had {Stock} available, {Reserved} reserved, {Sold} sold",
        History.Act.Fault => $"{Fault} of {Whom} {Side}s",
        _ => Act,
    };

    private string Answer => Status is null ? "nothing" : $"{Status}{(Problem is null ? "" : $" {Problem}")}";
}

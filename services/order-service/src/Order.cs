using Argosy.Chassis;
using Argosy.Chassis.EventStore;

namespace Argosy.Orders;

internal enum OrderStatus
{
    Unknown,
    Pending,
    Confirmed,
    Shipped,
    Cancelling,
    Cancelled,
}

internal sealed record OrderLine(string Sku, string Name, int Quantity, Money Price);

internal sealed record Address(string Name, string Street, string City, string PostalCode, string Country);

internal abstract record OrderEvent(DateTimeOffset At);

internal sealed record OrderPlaced(string Customer, IReadOnlyList<OrderLine> Lines, Money Total, Address ShippingAddress, DateTimeOffset At) : OrderEvent(At);

/// <summary>Reserved, paid, and a parcel is arranged.</summary>
internal sealed record OrderConfirmed(string TrackingNumber, DateTimeOffset At) : OrderEvent(At);

/// <summary>The parcel has left.</summary>
internal sealed record OrderShipped(string TrackingNumber, DateTimeOffset At) : OrderEvent(At);

/// <summary>The customer wants out; everything that was started is being undone.</summary>
internal sealed record OrderCancelRequested(string Reason, DateTimeOffset At) : OrderEvent(At);

/// <summary>Nothing was undone: the parcel cannot be called back any more.</summary>
internal sealed record OrderCancelRefused(string Reason, DateTimeOffset At) : OrderEvent(At);

/// <summary>Everything that was started is undone.</summary>
internal sealed record OrderCancelled(string Reason, DateTimeOffset At) : OrderEvent(At);

/// <summary>An order and its rules: what happened makes the state, the state and a wish make a decision. No I/O, no clock.</summary>
internal sealed record Order
{
    public const int MaxLines = 50;
    public const int MaxQuantity = 99;

    public static Order None { get; } = new();

    public static StreamType<Order, OrderEvent> Stream { get; } = new StreamType<Order, OrderEvent>("order", None, (order, happened) => order.Evolve(happened))
        .Event<OrderPlaced>("order.placed")
        .Event<OrderConfirmed>("order.confirmed")
        .Event<OrderShipped>("order.shipped")
        .Event<OrderCancelRequested>("order.cancel-requested")
        .Event<OrderCancelRefused>("order.cancel-refused")
        .Event<OrderCancelled>("order.cancelled")
        .Projects("order_view", "id", OrderViews.Project);

    public OrderStatus Status { get; private init; }

    public string Customer { get; private init; } = "";

    public IReadOnlyList<OrderLine> Lines { get; private init; } = [];

    public Money Total { get; private init; }

    public Address? ShippingAddress { get; private init; }

    public string? TrackingNumber { get; private init; }

    public string? Reason { get; private init; }

    public DateTimeOffset PlacedAt { get; private init; }

    public DateTimeOffset UpdatedAt { get; private init; }

    public Order Evolve(OrderEvent happened) => happened switch
    {
        OrderPlaced e => new Order
        {
            Status = OrderStatus.Pending,
            Customer = e.Customer,
            Lines = e.Lines,
            Total = e.Total,
            ShippingAddress = e.ShippingAddress,
            PlacedAt = e.At,
            UpdatedAt = e.At,
        },
        OrderConfirmed e => this with { Status = OrderStatus.Confirmed, TrackingNumber = e.TrackingNumber, UpdatedAt = e.At },
        OrderShipped e => this with { Status = OrderStatus.Shipped, TrackingNumber = e.TrackingNumber, Reason = null, UpdatedAt = e.At },
        OrderCancelRequested e => this with { Status = OrderStatus.Cancelling, Reason = e.Reason, UpdatedAt = e.At },
        OrderCancelRefused e => this with { Status = OrderStatus.Confirmed, Reason = null, UpdatedAt = e.At },
        OrderCancelled e => this with { Status = OrderStatus.Cancelled, Reason = e.Reason, UpdatedAt = e.At },
        _ => this,
    };

    /// <summary>The total of priced lines, or why there is none: 1–50 lines of one currency that add up to a number.</summary>
    public static Decision<OrderEvent> Place(string customer, IReadOnlyList<OrderLine> lines, Address address, DateTimeOffset now)
    {
        if (lines.Count is 0 or > MaxLines)
        {
            return Problem.Unprocessable("order.lines", $"An order has 1 to {MaxLines} lines, not {lines.Count}.");
        }

        var refusal = Money.Total(lines.Select(line => (line.Price, line.Quantity)), out var total);
        return refusal is null ? new OrderPlaced(customer, lines, total, address, now) : refusal;
    }

    /// <summary>Reserved, paid and arranged. A cancellation that came in between stands.</summary>
    public Decision<OrderEvent> Confirm(string trackingNumber, DateTimeOffset now) =>
        Status == OrderStatus.Pending ? new OrderConfirmed(trackingNumber, now) : Decision<OrderEvent>.Nothing;

    /// <summary>The parcel has left: that is a fact, whatever was wished for in between.</summary>
    public Decision<OrderEvent> Ship(string trackingNumber, DateTimeOffset now) =>
        Status is OrderStatus.Pending or OrderStatus.Confirmed or OrderStatus.Cancelling ? new OrderShipped(trackingNumber, now) : Decision<OrderEvent>.Nothing;

    /// <summary>The customer may cancel until the parcel is dispatched.</summary>
    public Decision<OrderEvent> Cancel(string reason, DateTimeOffset now) => Status switch
    {
        OrderStatus.Pending or OrderStatus.Confirmed => new OrderCancelRequested(reason, now),
        OrderStatus.Cancelling or OrderStatus.Cancelled => Decision<OrderEvent>.Nothing,      // a repeat is not an error
        OrderStatus.Shipped => Problem.Conflict("order.shipped", "A dispatched order cannot be cancelled."),
        _ => Problem.NotFound("order.unknown", "There is no such order."),
    };

    /// <summary>The parcel could not be called back; its departure may have been heard of already.</summary>
    public Decision<OrderEvent> RefuseCancel(string trackingNumber, string reason, DateTimeOffset now) => Status switch
    {
        OrderStatus.Cancelling => new OrderCancelRefused(reason, now),
        OrderStatus.Pending => new OrderConfirmed(trackingNumber, now),     // arranged after all, only too late for its deadline
        _ => Decision<OrderEvent>.Nothing,
    };

    /// <summary>Everything that was started is undone.</summary>
    public Decision<OrderEvent> FinishCancel(string reason, DateTimeOffset now) =>
        Status is OrderStatus.Pending or OrderStatus.Confirmed or OrderStatus.Cancelling ? new OrderCancelled(reason, now) : Decision<OrderEvent>.Nothing;
}

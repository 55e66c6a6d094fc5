namespace Argosy.Checker.Model;

/// <summary>Where an order can be, as its customer sees it.</summary>
internal enum Status
{
    None,
    Pending,
    Confirmed,
    Cancelling,
    Shipped,
    Cancelled,
}

/// <summary>
/// The model of one order: one client at a time, nothing lost, nothing twice. Written from the design and not from the service. Pure.
/// </summary>
/// <param name="Status">What a read would say.</param>
/// <param name="HasLeft">Its parcel was handed over: it ends shipped.</param>
/// <param name="IsUnwanted">A cancellation was accepted: it ends cancelled, or shipped.</param>
internal readonly record struct OrderState(Status Status, bool HasLeft, bool IsUnwanted)
{
    /// <summary>What it may become with nobody asking: paid and arranged, undone, gone.</summary>
    /// <param name="mayBePlaced">Somebody asked for it and was not answered.</param>
    /// <param name="mayBeCancelled">Somebody asked to cancel it and was not answered.</param>
    public IEnumerable<OrderState> ByItself(bool mayBePlaced, bool mayBeCancelled)
    {
        switch (Status)
        {
            case Status.None when mayBePlaced:
                yield return this with { Status = Status.Pending };
                break;
            case Status.Pending or Status.Confirmed or Status.Cancelling:
                yield return this with { Status = Status.Shipped };
                if (Status != Status.Confirmed)
                {
                    yield return this with { Status = Status.Confirmed };
                }

                if (Status != Status.Confirmed && !HasLeft)
                {
                    yield return this with { Status = Status.Cancelled };
                }

                if (Status != Status.Cancelling && mayBeCancelled)
                {
                    yield return this with { Status = Status.Cancelling };
                }

                break;
        }
    }

    /// <summary>The order after an operation that was answered like this; null where it can't have been.</summary>
    public OrderState? After(Operation operation) => operation.Kind switch
    {
        Kind.Placed => Status == Status.None ? this with { Status = Status.Pending } : this,
        Kind.Told => Status == operation.Told ? this : null,
        Kind.Ended => Status == operation.Told && IsOver ? this : null,
        Kind.CancelAccepted when Status is Status.Pending or Status.Confirmed => operation.Told is null or Status.Cancelling ? this with { Status = Status.Cancelling, IsUnwanted = true } : null,
        Kind.CancelAccepted when Status is Status.Cancelling or Status.Cancelled => operation.Told is null || operation.Told == Status ? this with { IsUnwanted = true } : null,
        Kind.Dispatched when Status is Status.Pending or Status.Confirmed or Status.Cancelling or Status.Shipped => this with { HasLeft = true },
        _ => null,
    };

    private bool IsOver => HasLeft ? Status == Status.Shipped : IsUnwanted ? Status is Status.Shipped or Status.Cancelled : Status is Status.Confirmed or Status.Shipped or Status.Cancelled;
}

/// <summary>What somebody did, and what became of it.</summary>
internal enum Kind
{
    Placed,

    /// <summary>Was told where it is; that there is no such order, or that it has shipped, is told too.</summary>
    Told,

    /// <summary>How it is after everything has come to rest.</summary>
    Ended,
    CancelAccepted,
    Dispatched,

    /// <summary>Asked to place it, and nobody knows what became of that.</summary>
    PlaceUnknown,

    /// <summary>Asked to cancel it, and nobody knows what became of that.</summary>
    CancelUnknown,
}

/// <summary>An operation on one order, from when it was asked to when its answer was there.</summary>
internal sealed record Operation(Kind Kind, DateTimeOffset Asked, DateTimeOffset At, Fact Fact)
{
    public Status? Told { get; init; }

    /// <summary>What is left of it if its answer is not believed: it was asked for all the same. Null: nothing.</summary>
    public Operation? Doubted => Kind switch
    {
        Kind.Placed => this with { Kind = Kind.PlaceUnknown },
        Kind.CancelAccepted => this with { Kind = Kind.CancelUnknown },
        _ => null,
    };

    public bool IsUnknown => Kind is Kind.PlaceUnknown or Kind.CancelUnknown;
}

namespace Argosy.Cli.Demo;

/// <summary>How an order ends when nothing is left to happen.</summary>
internal enum Ending
{
    Confirmed,
    Shipped,
    Cancelled,
}

internal enum Cancels
{
    Never,
    AtOnce,
    WhenConfirmed,
}

/// <summary>A way an order can go, and where it has to end.</summary>
/// <param name="Name">As the report calls it.</param>
/// <param name="Token">The provider's test token, which decides what happens there.</param>
/// <param name="Ends">Where such an order must end.</param>
/// <param name="Weight">How many of a hundred orders.</param>
internal sealed record OrderKind(string Name, string Token, Ending Ends, int Weight)
{
    private const string Visa = "tok_visa";

    public string Country { get; private init; } = "DE";

    public Cancels Cancels { get; private init; }

    /// <summary>Asks for more than there is.</summary>
    public bool WantsTooMuch { get; private init; }

    /// <summary>An admin hands the parcel over as soon as it is arranged.</summary>
    public bool IsDispatched { get; private init; }

    /// <summary>The kind whose rate of success is promised; of all others each single one must end as it should.</summary>
    public static OrderKind Plain { get; } = new("visa", Visa, Ending.Confirmed, 55);

    public static IReadOnlyList<OrderKind> All { get; } =
    [
        Plain,
        new("dispatched", Visa, Ending.Shipped, 8) { IsDispatched = true },
        new("charged, no answer", "tok_timeout", Ending.Confirmed, 3),
        new("charged, answer 500", "tok_error_after_charge", Ending.Confirmed, 4),
        new("slow provider", "tok_slow", Ending.Confirmed, 3),
        new("declined", "tok_declined", Ending.Cancelled, 5),
        new("insufficient funds", "tok_insufficient_funds", Ending.Cancelled, 4),
        new("out of stock", Visa, Ending.Cancelled, 5) { WantsTooMuch = true },
        new("country not served", Visa, Ending.Cancelled, 5) { Country = "AQ" },
        new("cancelled at once", Visa, Ending.Cancelled, 4) { Cancels = Cancels.AtOnce },
        new("cancelled later", Visa, Ending.Cancelled, 4) { Cancels = Cancels.WhenConfirmed },
    ];
}

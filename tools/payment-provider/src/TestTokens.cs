namespace Argosy.PaymentProvider;

/// <summary>What a charge of a test token ends in.</summary>
/// <param name="DeclineCode">Why the bank refuses; null where it pays.</param>
/// <param name="Slow">Seconds pass before anything happens.</param>
/// <param name="Manner">How the provider tells what has happened.</param>
internal sealed record Fate(string? DeclineCode = null, bool Slow = false, Manner Manner = Manner.Answer);

/// <summary>How an answer reaches the caller.</summary>
internal enum Manner
{
    /// <summary>As it should.</summary>
    Answer,

    /// <summary>The effect is on disk, and the connection stays silent until the caller hangs up.</summary>
    Silence,

    /// <summary>The effect is on disk, and the caller is told of an internal error.</summary>
    ErrorAfter,
}

/// <summary>The only cards there are. Stripe's own names for the same fates are understood too.</summary>
internal static class TestTokens
{
    private static readonly Dictionary<string, Fate> Fates = new(StringComparer.Ordinal)
    {
        ["tok_visa"] = new(),
        ["pm_card_visa"] = new(),
        ["tok_declined"] = new(DeclineCode: "generic_decline"),
        ["tok_chargeDeclined"] = new(DeclineCode: "generic_decline"),
        ["tok_insufficient_funds"] = new(DeclineCode: "insufficient_funds"),
        ["tok_chargeDeclinedInsufficientFunds"] = new(DeclineCode: "insufficient_funds"),
        ["tok_timeout"] = new(Manner: Manner.Silence),
        ["tok_error_after_charge"] = new(Manner: Manner.ErrorAfter),
        ["tok_slow"] = new(Slow: true),
    };

    public static Fate? Find(string token) => Fates.GetValueOrDefault(token);
}

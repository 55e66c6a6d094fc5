using Argosy.Cli.Demo;

namespace Argosy.FaultLab.CrashPoints;

/// <summary>Something that clients do to its end; of a checkout, one of the ways that it can end.</summary>
/// <param name="Name">As results have it.</param>
/// <param name="Reaches">What of the system it sets in motion.</param>
/// <param name="WalkAsync">Does it once; null when all went as it must, or what went otherwise.</param>
internal sealed record Outcome(string Name, Reaches Reaches, Func<Shop, CancellationToken, Task<string?>> WalkAsync)
{
    private const Reaches Paid = Reaches.Order | Reaches.Payment | Reaches.Confirmation;

    /// <summary>How long the provider waits before it does anything, so that there is a moment in which a customer or a deadline comes between.</summary>
    public int ProviderLatency { get; private init; }

    /// <summary>Every way that a saga ends by itself, and the two errands that pass what no saga does.</summary>
    public static IReadOnlyList<Outcome> All { get; } =
    [
        Of("visa", "completed", Paid | Reaches.Shipment),
        Of("dispatched", "completed and shipped", Paid | Reaches.Shipment | Reaches.Dispatch),
        Of("charged, no answer", "completed in doubt", Paid | Reaches.Shipment),
        Of("charged, answer 500", "completed after a 500", Paid | Reaches.Shipment),
        Of("out of stock", "refused stock", Reaches.Order),
        Of("declined", "refused payment", Paid),
        Of("country not served", "refused shipment", Paid | Reaches.Shipment | Reaches.Refund),
        Of("cancelled later", "cancelled when confirmed", Paid | Reaches.Shipment | Reaches.Refund),
        new("cancelled while it is dispatched", Paid | Reaches.Shipment | Reaches.Dispatch, (shop, ct) => shop.CancelWhileDispatchedAsync(ct)),
        new("cancelled while paying", Reaches.Order | Reaches.Payment | Reaches.Cancellation, (shop, ct) => shop.CancelWhilePayingAsync(ct)) { ProviderLatency = 1200 },
        // How far the payment has come when the deadline does is left to chance: what is certain is that it was asked for.
        new("given up while paying", Reaches.Order | Reaches.Payment, (shop, ct) => shop.GiveUpWhilePayingAsync(ct)),
        new("an item put on the shelf", Reaches.Item, (shop, ct) => shop.PutItemAsync(ct)),
        new("an account made and erased", Reaches.Account, (shop, ct) => shop.MakeAccountAsync(ct)),
    ];

    private static Outcome Of(string kind, string name, Reaches reaches)
    {
        var known = OrderKind.All.First(one => one.Name == kind);
        return new Outcome(name, reaches, (shop, ct) => shop.OrderAsync(known, ct));
    }
}

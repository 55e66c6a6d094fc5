namespace Argosy.FaultLab.CrashPoints;

/// <summary>A failpoint in one process.</summary>
/// <param name="Process">Who dies there.</param>
/// <param name="Name">As the sources have it.</param>
/// <param name="By">What leads there, each alone.</param>
/// <param name="Passes">How often one errand passes it, at least: which time it dies is drawn from 1 to this.</param>
internal sealed record CrashPoint(string Process, string Name, Reaches By, int Passes)
{
    // What a start commits before it takes work, at most: a second life is to die in its work, not in its start.
    private const int CommitsOfAStart = 10;

    /// <summary>Those that every start of a service passes, in their order; a life that recovers dies at each.</summary>
    public static IReadOnlyList<string> OfRecovery { get; } = ["migration.before", "migration.after", "commit.before", "commit.after"];

    /// <summary>What no errand passes, and where it is proven instead.</summary>
    public static IReadOnlyDictionary<string, string> Elsewhere { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["migration.script"] = "a schema is made once, before there is anything to lose; Invariant13 kills there on fresh databases",
        ["keys.made"] = "signing keys change once in weeks, and no order waits for it; KeyProcessTests kill there",
        ["keys.promoted"] = "signing keys change once in weeks, and no order waits for it; KeyProcessTests kill there",
        ["keys.retired"] = "signing keys change once in weeks, and no order waits for it; KeyProcessTests kill there",
        ["keys.audited"] = "signing keys change once in weeks, and no order waits for it; KeyProcessTests kill there",
    };

    /// <summary>All that an errand can lead to.</summary>
    public static IReadOnlyList<CrashPoint> All { get; } =
    [
        .. Around("order-service", "commit", Reaches.Order | Reaches.Item, 2), .. Around("order-service", "publish", Reaches.Order, 2),
        .. Around("order-service", "cursor", Reaches.Order, 2), .. Around("order-service", "ack", Reaches.Order | Reaches.Item, 1),
        new("order-service", "answer.before", Reaches.Order, 1),

        .. Around("inventory-service", "commit", Reaches.Order | Reaches.Item, 1), .. Around("inventory-service", "publish", Reaches.Order | Reaches.Item, 1),
        .. Around("inventory-service", "cursor", Reaches.Order | Reaches.Item, 1), .. Around("inventory-service", "ack", Reaches.Order, 1),
        new("inventory-service", "answer.before", Reaches.Item, 1),

        .. Around("payment-service", "commit", Reaches.Payment, 3), .. Around("payment-service", "publish", Reaches.Payment, 1),
        .. Around("payment-service", "cursor", Reaches.Payment, 1), .. Around("payment-service", "ack", Reaches.Payment, 1),
        .. Around("payment-service", "intent", Reaches.Payment, 1), new("payment-service", "answer.before", Reaches.Payment, 1),
        .. Around("payment-service", "provider.create", Reaches.Payment, 1), .. Around("payment-service", "provider.confirm", Reaches.Confirmation, 1),
        .. Around("payment-service", "provider.cancel", Reaches.Cancellation, 1), .. Around("payment-service", "provider.refund", Reaches.Refund, 1),

        .. Around("shipping-service", "commit", Reaches.Shipment, 1), .. Around("shipping-service", "publish", Reaches.Shipment, 1),
        .. Around("shipping-service", "cursor", Reaches.Shipment, 1), .. Around("shipping-service", "ack", Reaches.Shipment, 1),
        new("shipping-service", "answer.before", Reaches.Dispatch, 1),

        .. Around("notification-service", "commit", Reaches.Order | Reaches.Account, 1), .. Around("notification-service", "ack", Reaches.Order | Reaches.Account, 1),
        .. Around("notification-service", "intent", Reaches.Order, 1), .. Around("notification-service", "mail", Reaches.Order, 1),

        .. Around("payment-provider", "books.commit", Reaches.Payment, 1), new("payment-provider", "answer.before", Reaches.Payment, 1),

        .. Around("auth-service", "commit", Reaches.Account, 1), .. Around("auth-service", "publish", Reaches.Account, 1),
        .. Around("auth-service", "cursor", Reaches.Account, 1), .. Around("auth-service", "ack", Reaches.Account, 1),
        new("auth-service", "answer.before", Reaches.Account, 1),

        .. Around("user-service", "commit", Reaches.Account, 1), .. Around("user-service", "publish", Reaches.Account, 1),
        .. Around("user-service", "cursor", Reaches.Account, 1), .. Around("user-service", "ack", Reaches.Account, 1),
        new("user-service", "answer.before", Reaches.Account, 1),
    ];

    /// <summary>Where a life ends that comes back from a death here, one life each.</summary>
    public IReadOnlyList<string> Recovery => Name.StartsWith("books.", StringComparison.Ordinal) || Process == "payment-provider" ? ["books.commit.before"] : OfRecovery;

    /// <summary>The hit at which a second life ends here.</summary>
    public int Second(int hit) => Name.StartsWith("commit.", StringComparison.Ordinal) ? hit + CommitsOfAStart : 1;

    public override string ToString() => $"{Process} at {Name}";

    private static CrashPoint[] Around(string process, string what, Reaches by, int passes) => [new(process, $"{what}.before", by, passes), new(process, $"{what}.after", by, passes)];
}

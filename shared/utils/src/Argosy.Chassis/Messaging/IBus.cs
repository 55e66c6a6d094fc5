namespace Argosy.Chassis.Messaging;

/// <summary>What carries the outbox to other services: batches pushed to each of them, or a broker.</summary>
internal interface IBus
{
    /// <summary>Why messages neither come nor go, or null.</summary>
    string? Fault { get; }

    /// <summary>What reads the outbox; none before the start.</summary>
    IReadOnlyList<IRelay> Relays { get; }
}

/// <summary>Reads the outbox, and sends what it reads to one place.</summary>
internal interface IRelay
{
    /// <summary>Where it sends to: a subscriber, or the broker.</summary>
    string Subscriber { get; }

    /// <summary>What waits for it, what is under way included: of the next <paramref name="limit"/> messages, those that it has to send.</summary>
    Task<Backlog> BacklogAsync(int limit, CancellationToken cancellation);
}

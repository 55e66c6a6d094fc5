using Argosy.Chassis.Store;

namespace Argosy.Chassis.Messaging;

/// <summary>What the tables say about a message that has arrived.</summary>
/// <param name="Seen">Its inbox row is there: it has had its effect.</param>
/// <param name="Parked">It is parked already: it came once before.</param>
/// <param name="Blocked">An earlier message of its key waits for a retry or is dead.</param>
internal readonly record struct Arrival(bool Seen, bool Parked, bool Blocked);

/// <summary>What to do with it.</summary>
internal enum Verdict
{
    /// <summary>Nothing is left to do.</summary>
    Acknowledge,

    /// <summary>Wait behind the key's earlier messages.</summary>
    ParkBehind,

    /// <summary>Not safe to run any more; an operator decides.</summary>
    ParkDead,

    /// <summary>Run the handler.</summary>
    Run,
}

/// <summary>What follows a try that did not commit.</summary>
internal enum Next
{
    Acknowledge,
    DecideAgain,
    TryAgainSoon,
    Park,
    ParkDead,
}

/// <summary>
/// The rules of the inbox as pure functions, so that a simulation can drive them: what to do with a message, what to do after a
/// failed try, and when to try again.
/// </summary>
internal static class Dispatch
{
    /// <summary>Inbox rows are kept this long; an older message might be a repeat that nobody remembers.</summary>
    public static readonly TimeSpan Horizon = TimeSpan.FromDays(7);

    /// <summary>Tries before a message is dead.</summary>
    public const int MaxAttempts = 8;

    /// <summary>Times a handler decides again on fresh reads before a conflict counts as a failure.</summary>
    public const int MaxConflicts = 10;

    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestRetry = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan LongestTransient = TimeSpan.FromSeconds(15);

    public static Verdict Decide(Arrival arrival, TimeSpan age) => arrival switch
    {
        { Seen: true } or { Parked: true } => Verdict.Acknowledge,
        _ when age > Horizon => Verdict.ParkDead,
        { Blocked: true } => Verdict.ParkBehind,
        _ => Verdict.Run,
    };

    /// <param name="outcome">How the commit ended.</param>
    /// <param name="conflicts">How many conflicts this delivery has met, this one included.</param>
    /// <param name="attempts">How many tries of this message failed before.</param>
    public static Next After(CommitResult outcome, int conflicts, int attempts) => outcome switch
    {
        CommitResult.Committed or CommitResult.Duplicate => Next.Acknowledge,
        CommitResult.Conflict when conflicts < MaxConflicts => Next.DecideAgain,
        CommitResult.Unknown => Next.TryAgainSoon,      // the inbox row tells on the next try whether it was in
        _ => AfterFailure(attempts),
    };

    /// <summary>What follows an exception that is not transient.</summary>
    public static Next AfterFailure(int attempts) => attempts + 1 >= MaxAttempts ? Next.ParkDead : Next.Park;

    /// <summary>Exponential backoff with full jitter in its upper half: 0.2 s, 0.4 s, … at most a minute.</summary>
    public static TimeSpan RetryDelay(int attempts, double random) => Backoff(FirstRetry, LongestRetry, attempts, random);

    /// <summary>As <see cref="RetryDelay"/>, for a database that is away: without limit, at most 15 s apart.</summary>
    public static TimeSpan TransientDelay(int attempts, double random) => Backoff(FirstRetry, LongestTransient, attempts, random);

    private static TimeSpan Backoff(TimeSpan first, TimeSpan longest, int attempts, double random)
    {
        var full = Math.Min(longest.TotalMilliseconds, first.TotalMilliseconds * Math.Pow(2, Math.Min(attempts, 20)));
        return TimeSpan.FromMilliseconds((full / 2) + (random * full / 2));
    }
}

namespace Argosy.Chassis.Resilience;

/// <summary>How another service is called. The defaults suit small JSON questions inside one data centre.</summary>
public sealed record CallOptions
{
    /// <summary>All attempts and the pauses between them. 5 s by default; the deadline of the work ends it earlier.</summary>
    public TimeSpan Total { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>One attempt, the body included. 3 s by default.</summary>
    public TimeSpan Attempt { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Setting up a connection. 2 s by default; less than <see cref="Attempt"/>, or it never counts.</summary>
    public TimeSpan Connect { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Attempts at most, the first included, for calls that may be repeated. 3 by default.</summary>
    public int Attempts { get; init; } = 3;

    /// <summary>The pause before the second attempt, doubled before each further one, with jitter. 100 ms by default.</summary>
    public TimeSpan Pause { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>The longest <c>Retry-After</c> that is waited for; who asks for more is not asked again in this call. 2 s by default.</summary>
    public TimeSpan LongestPause { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Bytes of an answer at most. 1 MB by default.</summary>
    public int LargestAnswer { get; init; } = 1024 * 1024;

    /// <summary>Connections to the service at most; more calls wait for one, within their deadline. 64 by default.</summary>
    public int Connections { get; init; } = 64;

    /// <summary>When the breaker opens.</summary>
    public BreakerOptions Breaker { get; init; } = new();
}

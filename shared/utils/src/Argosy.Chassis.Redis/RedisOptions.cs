using System.Security.Cryptography.X509Certificates;

namespace Argosy.Chassis.Redis;

/// <summary>How we talk to Redis.</summary>
/// <param name="Url">Where it is.</param>
/// <param name="ClientName">What <c>CLIENT LIST</c> shows for us: printable ASCII without spaces.</param>
public sealed record RedisOptions(RedisUrl Url, string ClientName)
{
    /// <summary>Who may have signed the server's certificate, for <c>rediss://</c>; null: whom the system trusts.</summary>
    public X509Certificate2Collection? Authorities { get; init; }

    /// <summary>Commands that may wait for their answers; one more is refused. 1,024 by default.</summary>
    public int InFlight { get; init; } = 1024;

    /// <summary>How long a command waits for its answer. 250 ms by default: what Redis has, it has at once.</summary>
    public TimeSpan CommandTimeout { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>How long connecting may take, the greeting included. 3 s by default.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>How often we ask whether Redis is there. 1 s by default.</summary>
    public TimeSpan Heartbeat { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long that question may stay unanswered before the connection is given up. 2 s by default: with the heartbeat, 3 s.</summary>
    public TimeSpan Silence { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>The longest pause before connecting again; it begins at a 16th of it and doubles, with jitter. 2 s by default.</summary>
    public TimeSpan LongestPause { get; init; } = TimeSpan.FromSeconds(2);
}

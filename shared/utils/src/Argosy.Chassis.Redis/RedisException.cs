namespace Argosy.Chassis.Redis;

/// <summary>A command had no success: Redis refused it, or did not answer.</summary>
public class RedisException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>Redis answered with an error.</summary>
/// <param name="command">The command's name.</param>
/// <param name="error">Redis's own words, which begin with a code: <c>WRONGTYPE …</c>.</param>
public sealed class RedisRefusedException(string command, string error) : RedisException($"Redis refused {command}: {error}")
{
    /// <summary>The first word of what Redis said.</summary>
    public string Code { get; } = error.Split(' ', 2)[0];
}

/// <summary>There is no connection, or no answer came in time. Whether the command took effect is not known.</summary>
public sealed class RedisUnavailableException(string message, Exception? inner = null) : RedisException(message, inner);

/// <summary>As many commands are under way as may be; this one was not sent.</summary>
public sealed class RedisBusyException(int limit) : RedisException($"{limit} commands wait for Redis already; this one was not sent.");

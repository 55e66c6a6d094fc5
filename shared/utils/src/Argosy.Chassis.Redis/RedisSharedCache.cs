using System.Security.Cryptography;
using Argosy.Chassis.Caching;
using Argosy.Chassis.Redis.Client;
using Argosy.Chassis.Redis.Resp;
using Argosy.Chassis.Resilience;

namespace Argosy.Chassis.Redis;

/// <summary>
/// The second level in Redis. A name's version is a random token under a key of its own: a version that was lost, be it evicted or
/// restored from an older snapshot, is never mistaken for a later one. The protocol of a session:
/// <list type="number">
/// <item>Subscribe: from now on we hear what others invalidate.</item>
/// <item>Give <see cref="TwoLevelCache.Everything"/> a new version, and tell all. What we have missed, what a predecessor of ours could
/// not tell before it died, and what Redis has from an old snapshot is not believed any more.</item>
/// <item>Forget our own memory, too.</item>
/// </list>
/// Calls go through a breaker, so that a Redis that hangs costs a few calls their patience and not all of them.
/// </summary>
public sealed class RedisSharedCache : ISharedCache
{
    /// <summary>Redis comes back fast, and asking it costs little.</summary>
    internal static readonly BreakerOptions BreakerOptions = new() { OpenFor = TimeSpan.FromSeconds(2) };

    private const char Between = '\n';

    // Longer than any loader takes; what is stored under a version makes it live longer.
    private static readonly TimeSpan NewVersion = TimeSpan.FromMinutes(1);

    // How long a version stays that nothing is stored under. When it is gone, the next reader makes a new one, and nothing older counts.
    private static readonly TimeSpan Invalidated = TimeSpan.FromHours(1);

    private static readonly RedisScript Reading = RedisScript.Load("cache-read");
    private static readonly RedisScript Writing = RedisScript.Load("cache-write");
    private static readonly RedisScript Invalidating = RedisScript.Load("cache-invalidate");

    private readonly RedisClient _redis;
    private readonly Breaker _breaker;
    private readonly string _prefix;
    private readonly string _channel;
    private Action<string> _heard = static _ => { };

    /// <summary>Takes over the client's sessions; the client is started afterwards.</summary>
    /// <param name="redis">The client.</param>
    /// <param name="owner">Whose cache it is: instances of one service share it, and no two services.</param>
    /// <param name="breakers">Where its breaker, <c>redis</c>, is kept.</param>
    public RedisSharedCache(RedisClient redis, string owner, Breakers breakers)
    {
        _redis = redis;
        _prefix = $"argosy:{owner}:";
        _channel = $"{_prefix}forget";
        _breaker = breakers.Of("redis", BreakerOptions);
        redis.OnSession = BeginAsync;
        redis.OnPush = Hear;
    }

    /// <inheritdoc />
    public TimeSpan? SinceHeard => _redis.SinceHeard;

    /// <inheritdoc />
    public void Listen(Action<string> heard) => _heard = heard;

    /// <inheritdoc />
    public async ValueTask<SharedAnswer?> ReadAsync(string key, IReadOnlyList<string> names, CancellationToken cancellation)
    {
        var reply = await Reading.TryAsync(_redis, _breaker, KeysOf(key, names), [Fresh(), Milliseconds(NewVersion)], cancellation);
        return reply?.Items switch
        {
            [var versions] => new SharedAnswer(versions.AsText(), null, TimeSpan.Zero),
            [var versions, var payload, var left] => new SharedAnswer(versions.AsText(), payload.Bytes, TimeSpan.FromMilliseconds(left.Integer)),
            _ => null,
        };
    }

    /// <inheritdoc />
    public async ValueTask WriteAsync(string key, IReadOnlyList<string> names, string versions, ReadOnlyMemory<byte> payload, TimeSpan life, CancellationToken cancellation) =>
        await Writing.TryAsync(_redis, _breaker, KeysOf(key, names), [versions, payload, Milliseconds(life)], cancellation);

    /// <inheritdoc />
    public async ValueTask<bool> InvalidateAsync(IReadOnlyList<string> names, CancellationToken cancellation) =>
        await Invalidating.TryAsync(_redis, _breaker, [.. names.SelectMany(name => new[] { VersionOf(name), EntryOf(name) })], [Fresh(), Milliseconds(Invalidated), _channel, string.Join(Between, names)], cancellation) is not null;

    private async Task BeginAsync(RedisConnection connection, CancellationToken cancellation)
    {
        await SendAsync(RedisCommand.Unanswered("SUBSCRIBE", _channel));
        await SendAsync(RedisCommand.Of("SET", VersionOf(TwoLevelCache.Everything), Fresh(), "PX", Milliseconds(Invalidated)));
        await SendAsync(RedisCommand.Of("PUBLISH", _channel, TwoLevelCache.Everything));
        _heard(TwoLevelCache.Everything);

        Task<RespValue> SendAsync(RedisCommand command) => connection.SendAsync(command, Timeout.InfiniteTimeSpan, cancellation);
    }

    private void Hear(RespValue push)
    {
        if (push.Items is [var kind, var channel, var names] && kind.AsText() == "message" && channel.AsText() == _channel)
        {
            foreach (var name in names.AsText().Split(Between))
            {
                _heard(name);
            }
        }
    }

    private string VersionOf(string name) => $"{_prefix}version:{name}";

    private string EntryOf(string key) => $"{_prefix}entry:{key}";

    private List<string> KeysOf(string key, IReadOnlyList<string> names) => [EntryOf(key), .. names.Select(VersionOf)];

    private static string Fresh() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(12));

    private static long Milliseconds(TimeSpan span) => Math.Max(1, (long)span.TotalMilliseconds);
}

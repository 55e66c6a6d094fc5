using System.Security.Cryptography;
using System.Text;
using Argosy.Chassis.Redis.Resp;
using Argosy.Chassis.Resilience;

namespace Argosy.Chassis.Redis.Client;

/// <summary>A Lua script: by its hash, which is one short command, and with its text where Redis does not have it (any more).</summary>
internal sealed class RedisScript
{
    private readonly string _text;
    private readonly string _hash;

    private RedisScript(string text) => (_text, _hash) = (text, Convert.ToHexStringLower(SHA1.HashData(Encoding.UTF8.GetBytes(text))));

    /// <summary>An embedded script.</summary>
    public static RedisScript Load(string name)
    {
        using var reader = new StreamReader(typeof(RedisScript).Assembly.GetManifestResourceStream($"{name}.lua")!);
        return new RedisScript(reader.ReadToEnd());
    }

    public async Task<RespValue> RunAsync(RedisClient redis, IReadOnlyList<string> keys, RedisArgument[] arguments, CancellationToken cancellation)
    {
        try
        {
            return await redis.SendAsync(Command("EVALSHA", _hash, keys, arguments), cancellation);
        }
        catch (RedisRefusedException e) when (e.Code == "NOSCRIPT")
        {
            return await redis.SendAsync(Command("EVAL", _text, keys, arguments), cancellation);
        }
    }

    /// <summary>As the other, for whoever can go on without Redis: null when it is away, or was not asked because it is.</summary>
    public async Task<RespValue?> TryAsync(RedisClient redis, Breaker breaker, IReadOnlyList<string> keys, RedisArgument[] arguments, CancellationToken cancellation)
    {
        // Looked at before it is entered: while Redis is away, every read of every caller would cost an exception.
        if (!redis.IsConnected || breaker.View() is { State: BreakerPhase.Open, OpenUntil: not null })
        {
            return null;
        }

        try
        {
            using var pass = breaker.Enter();
            try
            {
                var reply = await RunAsync(redis, keys, arguments, cancellation);
                pass.Report(CallOutcome.Succeeded);
                return reply;
            }
            catch (RedisException)
            {
                pass.Report(CallOutcome.Failed);
                return null;
            }
        }
        catch (BreakerOpenException)
        {
            return null;
        }
    }

    private static RedisCommand Command(string name, string script, IReadOnlyList<string> keys, RedisArgument[] arguments) =>
        RedisCommand.Of(name, [script, keys.Count, .. keys.Select(key => (RedisArgument)key), .. arguments]);
}

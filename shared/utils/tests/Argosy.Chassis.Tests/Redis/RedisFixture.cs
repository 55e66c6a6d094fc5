using Argosy.Chassis.Redis;
using Argosy.Chassis.Resilience;
using Argosy.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Argosy.Chassis.Tests.Redis;

/// <summary>A Redis for one test, and clients of it.</summary>
internal sealed class RedisBench : IAsyncDisposable
{
    private readonly List<RedisClient> _clients = [];

    private RedisBench(RedisServer server) => Server = server;

    public RedisServer Server { get; }

    public Breakers Breakers { get; } = new(TimeProvider.System, NullLoggerFactory.Instance);

    public static async Task<RedisBench> StartAsync(params string[] settings)
    {
        if (await RedisServer.FindAsync() is not { } program)
        {
            Assert.Skip("redis-server is not here and could not be installed: install Debian's package redis-server.");
            return null!;
        }

        return new RedisBench(await RedisServer.StartAsync(program, settings));
    }

    public RedisOptions Options(string? url = null) => new(RedisUrl.Parse(url ?? Server.Url, out _)!, "tests") { CommandTimeout = TimeSpan.FromSeconds(2) };

    /// <summary>A client that has begun; it need not be connected yet.</summary>
    public RedisClient Start(RedisOptions? options = null, Action<RedisClient>? prepare = null)
    {
        var client = new RedisClient(options ?? Options(), TimeProvider.System, NullLogger<RedisClient>.Instance);
        _clients.Add(client);
        prepare?.Invoke(client);
        client.Start();
        return client;
    }

    public async Task<RedisClient> ConnectAsync(RedisOptions? options = null, Action<RedisClient>? prepare = null)
    {
        var client = Start(options, prepare);
        await Eventually.HoldsAsync(() => client.IsConnected, "Redis is connected", TimeSpan.FromSeconds(30));
        return client;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var client in _clients)
        {
            await client.DisposeAsync();
        }

        await Server.DisposeAsync();
    }
}

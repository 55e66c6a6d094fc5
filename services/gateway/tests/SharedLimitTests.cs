using System.Net;
using Argosy.Testing;
using Shouldly;
using Xunit;

namespace Argosy.Gateway.Tests;

/// <summary>Several gateways over one Redis.</summary>
[Trait("on", "servers")]
public sealed class SharedLimitTests
{
    [Fact]
    public async Task Two_gateways_share_the_quota_of_a_caller_and_both_say_what_is_left()
    {
        await using var redis = await StartRedisAsync();
        await using var one = await LimitedGateway.StartAsync(("REDIS_URL", redis.Url));
        await using var other = await LimitedGateway.StartAsync(("REDIS_URL", redis.Url));
        await ConnectedAsync(one);
        await ConnectedAsync(other);

        (await one.From("127.0.0.1").ReadAsync(6)).ShouldBe(6);
        using var seventh = await other.From("127.0.0.1").GetAsync("/api/items");
        seventh.Said("RateLimit").ShouldBe("\"default\";r=3;t=1080");
        (await other.From("127.0.0.1").ReadAsync(6)).ShouldBe(3);
        using var refused = await one.From("127.0.0.1").GetAsync("/api/items");
        refused.StatusCode.ShouldBe(HttpStatusCode.TooManyRequests);
        refused.Said("RateLimit")!.ShouldStartWith("\"default\";r=0;t=");
    }

    [Fact]
    public async Task While_Redis_is_away_reads_pass_uncounted_and_everything_else_is_counted_by_each_gateway_for_itself()
    {
        await using var redis = await StartRedisAsync();
        await using var gateway = await LimitedGateway.StartAsync(("REDIS_URL", redis.Url));
        await ConnectedAsync(gateway);
        var client = gateway.From("127.0.0.1");
        (await client.ReadAsync(15)).ShouldBe(10);

        await redis.StopAsync();
        await Eventually.HoldsAsync(async () => (await gateway.Process.Http.GetStringAsync("/ready")).Contains("\"redis\":\"ok\"", StringComparison.Ordinal) is false, "the loss is noticed");

        (await client.ReadAsync(30)).ShouldBe(30);
        using var read = await client.GetAsync("/api/items");
        read.Said("RateLimit-Policy").ShouldBe("\"default\";q=10;w=3600");
        read.Said("RateLimit").ShouldBeNull("nobody has counted");
        (await client.OrderAsync(30)).ShouldBe(4);
        (await client.PassAsync(30, HttpMethod.Post, "/api/orders/7/cancel")).ShouldBe(6, "four of the ten writes were orders");
        using var ready = await gateway.Process.Http.GetAsync("/ready");
        ready.StatusCode.ShouldBe(HttpStatusCode.OK, "a gateway without Redis does its work");

        await redis.StartAgainAsync();
        await ConnectedAsync(gateway);
        (await client.ReadAsync(15)).ShouldBe(10, "Redis came back empty");
    }

    private static Task ConnectedAsync(LimitedGateway gateway) => Eventually.HoldsAsync(
        async () => (await gateway.Process.Http.GetStringAsync("/ready")).Contains("\"redis\":\"ok\"", StringComparison.Ordinal), "the gateway is connected to Redis");

    private static async Task<RedisServer> StartRedisAsync()
    {
        if (await RedisServer.FindAsync() is not { } program)
        {
            Assert.Skip("Redis is not here and could not be installed: install Debian's package redis-server.");
            throw new InvalidOperationException("Skipped.");
        }

        return await RedisServer.StartAsync(program);
    }
}

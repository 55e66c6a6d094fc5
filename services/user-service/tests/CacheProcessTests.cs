using System.Net;
using Argosy.Testing;
using Shouldly;
using Xunit;

namespace Argosy.Users.Tests;

/// <summary>The real process on a real Redis, with room for one profile in memory, so that the others have to come from there.</summary>
[Trait("on", "servers")]
public sealed class CacheProcessTests
{
    [Fact]
    public async Task Profiles_come_back_from_Redis_as_they_were_change_at_once_and_leave_nothing_behind()
    {
        await using var redis = await StartRedisAsync();
        await using var bench = await StartAsync(redis.Url);
        var (id, ada) = await bench.PersonAsync("Ada");
        var (_, bea) = await bench.PersonAsync("Bea");
        await ada.ChangeAsync(new { addresses = new[] { Visits.Address("First"), Visits.Address("Second", isDefault: true) }, preferences = new { language = "fr" } });
        var fromTheTable = (await ada.ReadAsync()).GetRawText();
        await Eventually.HoldsAsync(async () => await redis.SayAsync($"EXISTS argosy:user-service:entry:profile:{id}") == ":1", "Redis has the profile");
        await bea.ReadAsync();

        (await ada.ReadAsync()).GetRawText().ShouldBe(fromTheTable);
        var metrics = await bench.Anonymous.GetStringAsync("/metrics");
        metrics.ShouldContain("argosy_cache_lookups_total{argosy_cache_level=\"shared\",argosy_cache_result=\"hit\"}");
        metrics.ShouldContain("argosy_cache_loads_total{argosy_cache_outcome=\"loaded\"}");
        metrics.ShouldContain("argosy_cache_invalidations_total{argosy_cache_level=\"local\"}");

        for (var i = 0; i < 20; i++)
        {
            await ada.ChangeAsync(new { name = $"Ada {i}" });
            (await ada.ReadAsync()).GetProperty("name").GetString().ShouldBe($"Ada {i}");
        }

        (await ada.DeleteAsync(Visits.Mine)).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        (await ada.GetAsync(Visits.Mine)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        await Eventually.HoldsAsync(
            async () => await redis.SayAsync($"EXISTS argosy:user-service:entry:profile:{id}") == ":0",
            "nothing of it is left in Redis, nor that there is nothing, which may be remembered for 10 s", TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task Without_its_Redis_the_service_is_ready_and_answers_and_it_says_what_is_missing()
    {
        await using var redis = await StartRedisAsync();
        await using var bench = await StartAsync(redis.Url);
        var (_, ada) = await bench.PersonAsync("Ada");
        await Eventually.HoldsAsync(async () => (await bench.Anonymous.GetStringAsync("/ready")).Contains("\"redis\":\"ok\"", StringComparison.Ordinal), "Redis is connected");

        await redis.StopAsync();

        for (var i = 0; i < 20; i++)
        {
            await ada.ChangeAsync(new { name = $"Ada {i}" });
            (await ada.ReadAsync()).GetProperty("name").GetString().ShouldBe($"Ada {i}");
        }

        (await bench.Anonymous.GetStringAsync("/ready")).ShouldContain("\"redis\":\"does not answer\"");
    }

    [Fact]
    public async Task A_wrong_password_is_one_line_without_the_password()
    {
        await using var redis = await StartRedisAsync("--requirepass", "the-right-one");
        await using var bench = await StartAsync(redis.Url.Replace("redis://", "redis://:the-wrong-one@", StringComparison.Ordinal));

        await Eventually.HoldsAsync(() => bench.Process.Output.Concat(bench.Process.Errors).Any(line => line.Contains("refuses us", StringComparison.Ordinal)), "it says so");

        var said = bench.Process.Output.Concat(bench.Process.Errors).ToArray();
        said.Count(line => line.Contains("refuses us", StringComparison.Ordinal)).ShouldBe(1);
        said.ShouldNotContain(line => line.Contains("the-wrong-one", StringComparison.Ordinal));
    }

    private static Task<ServiceBench> StartAsync(string url) => ServiceBench.StartAsync(
        "user-service", "UserService", new Dictionary<string, string>(StringComparer.Ordinal) { ["REDIS_URL"] = url, ["CACHE_ENTRIES"] = "1" });

    private static async Task<RedisServer> StartRedisAsync(params string[] settings)
    {
        if (await RedisServer.FindAsync() is not { } program)
        {
            Assert.Skip("redis-server is not here and could not be installed: install Debian's package redis-server.");
            return null!;
        }

        return await RedisServer.StartAsync(program, settings);
    }
}

using System.Threading.RateLimiting;
using Argosy.Chassis.RateLimiting;
using Argosy.Chassis.Redis;
using Argosy.Chassis.Tests.Redis;
using Argosy.Testing;
using FsCheck.Fluent;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.RateLimiting;

public sealed class RateLimiterTests
{
    private static readonly RateLimit Slow = new("login", Burst: 10, PerSecond: 0.001, WhenAway.LimitLocally);

    [Fact]
    public void A_bucket_gives_its_size_at_once_and_then_what_flows_in()
    {
        var time = new FakeTime();
        using var limiter = new LocalRateLimiter(new RateLimit("read", 3, 2, WhenAway.LetThrough), time);

        Enumerable.Range(0, 4).Select(_ => Take(limiter, "a")).ShouldBe([true, true, true, false]);
        Take(limiter, "b").ShouldBeTrue("others have buckets of their own");
        limiter.AttemptAcquire("a").TryGetMetadata(MetadataName.RetryAfter, out var wait).ShouldBeTrue();
        wait.ShouldBe(TimeSpan.FromSeconds(0.5));
        time.Advance(wait);
        Take(limiter, "a").ShouldBeTrue();
        Take(limiter, "a").ShouldBeFalse();
        time.Advance(TimeSpan.FromHours(1));
        limiter.GetStatistics("a")!.CurrentAvailablePermits.ShouldBe(3);
    }

    [Fact]
    public void A_lease_says_how_many_whole_tokens_are_left()
    {
        var time = new FakeTime();
        using var limiter = new LocalRateLimiter(new RateLimit("read", 3, 1, WhenAway.LetThrough), time);

        Enumerable.Range(0, 4).Select(_ => Left(limiter.AttemptAcquire("a"))).ShouldBe([2, 1, 0, 0]);
        time.Advance(TimeSpan.FromSeconds(2.5));
        Left(limiter.AttemptAcquire("a")).ShouldBe(1);
    }

    [Fact]
    public void In_no_stretch_of_time_does_a_bucket_give_more_than_its_size_and_what_flows_in() => Property.Holds(
        Gen.Choose(0, 400).ListOf().ToArbitrary(),
        pauses =>
        {
            var time = new FakeTime();
            var limit = new RateLimit("law", 5, 4, WhenAway.LetThrough);
            using var limiter = new LocalRateLimiter(limit, time);
            var (start, given) = (time.GetTimestamp(), new List<TimeSpan>());
            foreach (var pause in pauses)
            {
                time.Advance(TimeSpan.FromMilliseconds(pause));
                given.AddRange(Take(limiter, "a") ? [time.GetElapsedTime(start)] : []);
            }

            for (var from = 0; from < given.Count; from++)
            {
                for (var to = from; to < given.Count; to++)
                {
                    ((double)(to - from + 1)).ShouldBeLessThanOrEqualTo(limit.Burst + ((given[to] - given[from]).TotalSeconds * limit.PerSecond) + 1e-6);
                }
            }
        }, 200);

    [Fact]
    public void Whoever_invents_keys_finds_no_end_of_memory_and_no_end_of_tokens()
    {
        var time = new FakeTime();
        using var limiter = new LocalRateLimiter(Slow, time, buckets: 100);

        var given = Enumerable.Range(0, 10_000).Count(i => Take(limiter, $"invented {i}"));

        given.ShouldBe(100 + Slow.Burst);
        Take(limiter, "invented 1").ShouldBeTrue("who has a bucket keeps it");
    }

    [Fact]
    [Trait("on", "servers")]
    public async Task Two_instances_share_one_budget_on_Redis_s_clock()
    {
        await using var bench = await RedisBench.StartAsync();
        using var one = Limiter(bench, await bench.ConnectAsync(), Slow);
        using var other = Limiter(bench, await bench.ConnectAsync(), Slow);

        var answers = await Task.WhenAll(Enumerable.Range(0, 40).Select(async i => (await (i % 2 == 0 ? one : other).AcquireAsync("ada")).IsAcquired));

        answers.Count(granted => granted).ShouldBe(10);
        using var first = await one.AcquireAsync("bea");
        first.IsAcquired.ShouldBeTrue();
        Left(first).ShouldBe(9);
        using var refused = await other.AcquireAsync("ada");
        Left(refused).ShouldBe(0);
        refused.TryGetMetadata(MetadataName.RetryAfter, out var wait).ShouldBeTrue();
        wait.ShouldBeInRange(TimeSpan.FromSeconds(500), TimeSpan.FromSeconds(1001));
    }

    [Fact]
    [Trait("on", "servers")]
    public async Task A_shared_bucket_fills_again()
    {
        await using var bench = await RedisBench.StartAsync();
        using var limiter = Limiter(bench, await bench.ConnectAsync(), new RateLimit("fast", 2, 50, WhenAway.LimitLocally));
        await limiter.AcquireAsync("a", 2);

        await Eventually.HoldsAsync(async () => (await limiter.AcquireAsync("a", 2)).IsAcquired, "two tokens have flowed in");
    }

    [Fact]
    [Trait("on", "servers")]
    public async Task While_Redis_is_away_a_strict_limit_limits_locally_and_an_open_one_lets_through_and_afterwards_they_share_again()
    {
        await using var bench = await RedisBench.StartAsync();
        var redis = await bench.ConnectAsync();
        using var strict = Limiter(bench, redis, Slow);
        using var open = Limiter(bench, redis, Slow with { Name = "read", WhenAway = WhenAway.LetThrough });
        (await GrantedAsync(strict, 20)).ShouldBe(10);
        (await GrantedAsync(open, 20)).ShouldBe(10);

        await bench.Server.StopAsync();
        await Eventually.HoldsAsync(() => !redis.IsConnected, "the loss is noticed");
        (await GrantedAsync(strict, 30)).ShouldBe(10);
        (await GrantedAsync(open, 30)).ShouldBe(30);
        Left(await open.AcquireAsync("ada")).ShouldBeNull("nobody has counted");

        await bench.Server.StartAgainAsync();       // with an empty script cache, and empty of buckets
        await Eventually.HoldsAsync(() => redis.IsConnected, "Redis is back");
        (await GrantedAsync(open, 30)).ShouldBe(10);
        (await GrantedAsync(strict, 30)).ShouldBe(10);
    }

    private static RedisRateLimiter Limiter(RedisBench bench, RedisClient redis, RateLimit limit) => new(redis, limit, bench.Breakers, TimeProvider.System);

    private static async Task<int> GrantedAsync(RedisRateLimiter limiter, int times)
    {
        var granted = 0;
        for (var i = 0; i < times; i++)
        {
            granted += (await limiter.AcquireAsync("ada")).IsAcquired ? 1 : 0;
        }

        return granted;
    }

    private static long? Left(RateLimitLease lease) => lease.TryGetMetadata(RateLimit.Remaining, out var left) ? left : null;

    private static bool Take(LocalRateLimiter limiter, string key) => limiter.AttemptAcquire(key).IsAcquired;
}

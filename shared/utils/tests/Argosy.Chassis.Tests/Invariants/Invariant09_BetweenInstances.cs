using Argosy.Chassis.Messaging;
using Argosy.Chassis.Postgres;
using Argosy.Chassis.Store;
using Argosy.Chassis.Tests.Store;
using Argosy.Contracts.Inventory.V1;
using Argosy.Testing;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Invariants;

/// <summary>What one instance publishes wakes the others, also after their listening session, or the server, has died.</summary>
[Trait("on", "servers")]
public sealed class Invariant09_BetweenInstances
{
    [Fact]
    public async Task Another_instance_is_woken_by_what_is_published_and_parked_and_again_after_its_listener_was_killed()
    {
        await using var server = await TestPostgres.StartAsync();
        var url = $"{await server.CreateDatabaseAsync("woken")}?connect_timeout=60&pool_min=0";
        await using var speaker = TestPostgres.Open(url);
        await using var sleeper = TestPostgres.Open(url);
        await Task.WhenAll(speaker.MigrateAsync([]), sleeper.MigrateAsync([]));
        await ListensAsync(server);

        await WakesAsync(speaker, sleeper);
        for (var deaths = 0; deaths < 3; deaths++)
        {
            await ListensAsync(server);     // a wake-up may have come by the poll, before the listener was back
            (await server.EndSessionsAsync("application_name = 'tests listen'")).ShouldBe(2);
            await WakesAsync(speaker, sleeper);
        }

        await server.StopAsync();
        await server.StartAgainAsync();
        await Eventually.HoldsAsync(async () => (await PublishAsync(speaker)).Result == CommitResult.Committed, "the speaker is connected again", TimeSpan.FromSeconds(30));
        await ListensAsync(server);
        await WakesAsync(speaker, sleeper);
    }

    [Fact]
    public async Task However_much_is_published_it_is_said_at_most_every_ten_milliseconds()
    {
        var url = await TestPostgres.SchemaAsync();
        await using var speaker = TestPostgres.Open(url);
        await speaker.MigrateAsync([]);
        await using var sleeper = TestPostgres.Open(url);
        await sleeper.MigrateAsync([]);
        await Eventually.HoldsAsync(() => sleeper.Published.Version > 0, "it listens", TimeSpan.FromSeconds(30));
        var (woken, began) = (sleeper.Published.Version, TimeProvider.System.GetTimestamp());

        for (var i = 0; i < 300; i++)
        {
            (await PublishAsync(speaker)).Ensure();
        }

        await Eventually.HoldsAsync(() => sleeper.Published.Version > woken, "it was woken", TimeSpan.FromSeconds(10));
        (sleeper.Published.Version - woken).ShouldBeLessThanOrEqualTo((long)(TimeProvider.System.GetElapsedTime(began).TotalMilliseconds / 10) + 2);
    }

    private static async Task WakesAsync(PostgresStore speaker, PostgresStore sleeper)
    {
        var seen = (sleeper.Published.Version, sleeper.Parked.Version);
        (await PublishAsync(speaker)).Ensure();
        var parked = Work();
        parked.Schedule(new ReleaseStock { OrderId = "o" }, parked.Now);
        (await speaker.CommitAsync(parked)).Ensure();
        await Eventually.HoldsAsync(() => sleeper.Published.Version > seen.Item1 && sleeper.Parked.Version > seen.Item2, "the other instance is woken", TimeSpan.FromSeconds(30));
    }

    private static Task ListensAsync(PostgresServer server) => Eventually.HoldsAsync(
        async () => (long)(await server.ExecuteAsync("select count(*) from pg_stat_activity where application_name = 'tests listen' and query like 'listen%'"))! == 2,
        "both listen", TimeSpan.FromSeconds(30));

    private static Task<CommitOutcome> PublishAsync(PostgresStore store)
    {
        var work = Work();
        work.Publish(new StockReserved { OrderId = "o" });
        return store.CommitAsync(work);
    }

    private static WriteSet Work()
    {
        var now = TimeProvider.System.GetUtcNow();
        return new WriteSet(new MessageContext(Guid.CreateVersion7(now).ToString(), "woken", new MessageHeaders()), now);
    }
}

using Argosy.Chassis.Store;
using Argosy.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Store;

[Trait("on", "servers")]
public sealed class LeaseHolderTests
{
    [Fact]
    public async Task Of_three_instances_one_works_and_when_it_stops_another_takes_over_at_once()
    {
        var url = await TestPostgres.SchemaAsync();
        await using var store = TestPostgres.Open(url);
        await store.MigrateAsync([]);
        var working = 0;
        var instances = Enumerable.Range(0, 3).Select(_ => new Instance(store, () => Interlocked.Increment(ref working), () => Interlocked.Decrement(ref working))).ToList();

        while (instances.Count > 0)
        {
            await Eventually.HoldsAsync(() => Volatile.Read(ref working) == 1, "one works", TimeSpan.FromSeconds(8));
            var one = instances.Single(instance => instance.Works);
            instances.Remove(one);
            await one.StopAsync();
            Volatile.Read(ref working).ShouldBeInRange(0, 1);
        }

        working.ShouldBe(0);
    }

    [Fact]
    public async Task Who_loses_the_lease_to_another_stops_working()
    {
        var url = await TestPostgres.SchemaAsync();
        await using var store = TestPostgres.Open(url);
        await store.MigrateAsync([]);
        var one = new Instance(store, () => { }, () => { });
        await Eventually.HoldsAsync(() => one.Works, "it works", TimeSpan.FromSeconds(10));

        // As if it had stood still for longer than its lease, and another had come.
        await (await TestPostgres.ServerAsync()).ExecuteAsync($"update {PostgresSchema(url)}.sys_lease set owner = 'another', epoch = epoch + 1 where name = 'test'", "tests");

        await Eventually.HoldsAsync(() => !one.Works, "it has noticed", TimeSpan.FromSeconds(20));
        await one.StopAsync();
        (await store.QueryAsync<string>("select owner from sys_lease where name = 'test'")).ShouldBe(["another"]);
    }

    private static string PostgresSchema(string url) => Argosy.Chassis.Postgres.PostgresAddress.Parse(url, out _)!.Schema;

    private sealed class Instance
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly Task _running;
        private int _works;

        public Instance(IStore store, Action begin, Action end) => _running = new LeaseHolder("test", store, TimeProvider.System, NullLogger.Instance).RunAsync(
            async cancellation =>
            {
                begin();
                Volatile.Write(ref _works, 1);
                await Task.Delay(Timeout.Infinite, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                Volatile.Write(ref _works, 0);
                end();
                cancellation.ThrowIfCancellationRequested();
            }, _stop.Token);

        public bool Works => Volatile.Read(ref _works) == 1;

        public async Task StopAsync()
        {
            await _stop.CancelAsync();
            await Should.ThrowAsync<OperationCanceledException>(() => _running);
            _stop.Dispose();
        }
    }
}

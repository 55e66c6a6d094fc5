using System.Collections.Concurrent;
using Argosy.Chassis.EventStore;
using Argosy.Chassis.Messaging;
using Argosy.Chassis.Postgres;
using Argosy.Chassis.Store;
using Argosy.Chassis.Tests.Store;
using Argosy.Testing;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Invariants;

/// <summary>The database itself dies, as in a failure of the machine; whoever was told "committed" was told the truth.</summary>
[Trait("on", "servers")]
public sealed class Invariant01_OnAKilledServer
{
    private static readonly StreamType<int, Counted> Counter = new StreamType<int, Counted>("counter", 0, (sum, e) => sum + e.By).Event<Counted>("counted");

    [Fact]
    public async Task An_acknowledged_append_is_never_lost_when_PostgreSQL_is_killed_and_the_store_goes_on_when_it_is_back()
    {
        await using var server = await TestPostgres.StartAsync();
        await using var store = TestPostgres.Open($"{await server.CreateDatabaseAsync("killed")}?connect_timeout=60&pool_min=0");
        await store.MigrateAsync([]);
        var (acknowledged, unknown) = (new ConcurrentDictionary<string, long>(StringComparer.Ordinal), 0);
        using var stop = new CancellationTokenSource();
        var writers = Enumerable.Range(0, 8).Select(writer => Task.Run(() => WriteAsync($"stream{writer}"))).ToArray();
        for (var deaths = 0; deaths < 3; deaths++)
        {
            var before = acknowledged.Values.Sum();
            await Eventually.HoldsAsync(() => acknowledged.Values.Sum() > before + 40, "appends are acknowledged", TimeSpan.FromSeconds(60));
            await server.KillAsync();
            await server.StartAgainAsync();
        }

        var last = acknowledged.Values.Sum();
        await Eventually.HoldsAsync(() => acknowledged.Values.Sum() > last + 40, "the store goes on", TimeSpan.FromSeconds(60));
        await stop.CancelAsync();
        await Task.WhenAll(writers);
        foreach (var (stream, version) in acknowledged)
        {
            var versions = (await store.ReadStreamAsync(Counter, stream)).Select(e => e.Version).ToList();
            versions.ShouldBe(Enumerable.Range(1, versions.Count).Select(v => (long)v));
            versions.Count.ShouldBeGreaterThanOrEqualTo((int)version);
        }

        async Task WriteAsync(string stream)
        {
            while (!stop.IsCancellationRequested)
            {
                try
                {
                    var (_, version) = await store.LoadAsync(Counter, stream);
                    var work = new WriteSet(new MessageContext($"{stream}/{version}", "killed", new MessageHeaders()), TimeProvider.System.GetUtcNow());
                    work.Append(Counter, stream, version, new Counted(1));
                    var outcome = await store.CommitAsync(work);
                    outcome.Result.ShouldBeOneOf(CommitResult.Committed, CommitResult.Unknown, CommitResult.Failed);
                    if (outcome.Result == CommitResult.Committed)
                    {
                        acknowledged[stream] = version + 1;
                        continue;
                    }

                    store.IsTransient(outcome.Error!).ShouldBeTrue($"{outcome.Error}");
                    Interlocked.Add(ref unknown, outcome.Result == CommitResult.Unknown ? 1 : 0);
                }
                catch (Exception e) when (store.IsTransient(e))
                {
                    // Away; it comes back.
                }

                await Task.Delay(20);
            }
        }
    }

    internal sealed record Counted(int By);
}

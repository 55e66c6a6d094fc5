using System.Diagnostics;
using System.Globalization;
using Argosy.Chassis.EventStore;
using Argosy.Chassis.Postgres;
using Argosy.Chassis.Store;
using Argosy.Chassis.Tests.Store;
using Argosy.Testing;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Invariants;

/// <summary>
/// Three processes append to one PostgreSQL; half of what they append is rolled back. Beside them somebody holds the commit lock for
/// long, draws positions, and rolls back; and sessions are ended at random, in the middle of commits too. Readers follow all the while.
/// </summary>
[Trait("on", "servers")]
public sealed class Invariant02_OnManyProcesses
{
    private const string Database = "soak";
    private const int Writers = 4;      // in each process
    private const int Rounds = 24;      // each a request, which has 30 s
    private const int Tries = 3;
    private static readonly TimeSpan MostRefused = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task Every_reader_sees_every_committed_event_once_and_in_stream_order_while_sessions_die_and_transactions_last()
    {
        var server = await TestPostgres.ServerAsync();
        var url = $"{await server.CreateDatabaseAsync(Database)}?connect_timeout=60&pool_min=0";
        var environment = new Dictionary<string, string>(StringComparer.Ordinal) { ["PROBE_LEDGER"] = "1", ["DATABASE_URL"] = url };
        await using var bench = await ServiceBench.StartAsync("inventory-service", "Probe", environment);
        await using var second = bench.StartInstance(environment);
        await using var third = bench.StartInstance(environment);
        await Task.WhenAll(second.ReadyAsync(), third.ReadyAsync());
        await server.AssertCommitLockAsync(Database);
        await using var store = TestPostgres.Open(url);
        var (done, deadline) = (new TaskCompletionSource<long>(), new CancellationTokenSource(TimeSpan.FromMinutes(5)));
        var readers = Enumerable.Range(0, 3).Select(_ => Task.Run(() => TailAsync(store, done.Task, deadline.Token))).ToArray();
        var trouble = Task.Run(() => MakeTroubleAsync(server, done.Task));

        var lengths = await Task.WhenAll(
            new[] { bench.Process, second, third }.SelectMany((process, p) => Enumerable.Range(0, Writers).Select(w => WriteAsync(process, $"writer-{p}-{w}", p * Writers + w))));
        done.SetResult(lengths.Sum());

        (await trouble).ShouldBeGreaterThan(3, "sessions were ended");
        lengths.Sum().ShouldBeInRange(Writers * 3 * Rounds * Tries / 5, Writers * 3 * Rounds * Tries * 4 / 5, "some are rolled back, and some are not");
        foreach (var seen in await Task.WhenAll(readers))
        {
            seen.Count.ShouldBe((int)lengths.Sum());
            seen.Select(e => e.Position).ShouldBe(seen.Select(e => e.Position).Distinct().Order());
            seen.GroupBy(e => e.Stream).ShouldAllBe(stream => stream.Select(e => e.Version).SequenceEqual(Enumerable.Range(1, stream.Count()).Select(v => (long)v)));
        }
    }

    private static async Task<List<EventRow>> TailAsync(PostgresStore store, Task<long> done, CancellationToken deadline)
    {
        var seen = new List<EventRow>();
        while (!done.IsCompleted || seen.Count < await done)
        {
            try
            {
                seen.AddRange(await store.ReadAllAsync(seen.Count == 0 ? 0 : seen[^1].Position, 7, deadline));
            }
            catch (Exception e) when (store.IsTransient(e))
            {
                // Its session was ended, too: it goes on from where it was.
            }
        }

        return seen;
    }

    private static async Task<long> WriteAsync(ServiceProcess process, string stream, int seed)
    {
        var length = 0L;
        for (var round = 0; round < Rounds; round++)
        {
            length = await WriteRoundAsync(process, $"/soak/{stream}?tries={Tries}&seed={(seed * Rounds) + round}");
        }

        return length;
    }

    // Who is turned away before anything was done, since there is too much to do, comes again when told to.
    private static async Task<long> WriteRoundAsync(ServiceProcess process, string address)
    {
        for (var since = Stopwatch.GetTimestamp(); ;)
        {
            using var answer = await process.Http.PostAsync(address, null);
            var text = await answer.Content.ReadAsStringAsync();
            if (answer.IsSuccessStatusCode)
            {
                return long.Parse(text, CultureInfo.InvariantCulture);
            }

            text.ShouldContain("temporary-reduced-capacity", customMessage: $"the answer was {(int)answer.StatusCode}");
            Stopwatch.GetElapsedTime(since).ShouldBeLessThan(MostRefused, text);
            await Task.Delay(answer.Headers.RetryAfter!.Delta!.Value);
        }
    }

    // How many sessions were ended: of writers in the middle of something, and of anybody.
    private static async Task<long> MakeTroubleAsync(PostgresServer server, Task done)
    {
        var ended = 0L;
        for (var i = 0; !done.IsCompleted; i++)
        {
            await server.ExecuteAsync(
                $"""
                begin;
                {PostgresLocks.Commit("public")};
                insert into es_event (stream, version, id, type, schema_version, data, meta, at) select 'long', n, '', '', 1, '', '', 0 from generate_series(1, 10) n;
                select pg_sleep(0.05);
                rollback
                """,
                Database);
            ended += await server.EndSessionsAsync($"datname = '{Database}' and {(i % 2 == 0 ? "application_name like '% writer' and state <> 'idle'" : "random() < 0.2")}");
        }

        return ended;
    }
}

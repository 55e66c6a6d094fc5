using System.Text.Json.Nodes;
using Argosy.Chassis.EventStore;
using Argosy.Chassis.Messaging;
using Argosy.Chassis.Store;
using Argosy.Contracts.Inventory.V1;
using Argosy.Testing;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Store;

/// <summary>What every store must do; an adapter's tests derive from it and say how to open one.</summary>
public abstract class StoreSuite : IAsyncLifetime
{
    protected static readonly StreamType<int, Counted> Counter = new StreamType<int, Counted>("counter", 0, (sum, e) => sum + e.By).Event<Counted>("counted");

    protected IStore Store { get; private set; } = null!;

    protected abstract Task<IStore> OpenAsync();

    /// <summary>Closes the store and opens what it left behind.</summary>
    protected abstract Task<IStore> ReopenAsync();

    public virtual async ValueTask InitializeAsync()
    {
        Store = await OpenAsync();
        await Store.MigrateAsync([new Migration("suite/schema.sql", "create table thing (id text primary key, n bigint not null)")]);
    }

    public abstract ValueTask DisposeAsync();

    [Fact]
    public async Task What_is_committed_is_there_after_reopening()
    {
        var work = Work();
        work.Append(Counter, "a", 0, new Counted(3), new Counted(4));
        (await Store.CommitAsync(work)).Result.ShouldBe(CommitResult.Committed);

        Store.ShouldNotBeNull();
        var reopened = await ReopenAsync();

        (await reopened.LoadAsync(Counter, "a")).ShouldBe((7, 2));
    }

    [Fact]
    public async Task Rows_are_read_as_records_texts_and_numbers_and_the_same_question_twice_with_other_values()
    {
        var work = Work();
        work.Execute("insert into thing (id, n) values ('a', 1), ('b', 2)");
        (await Store.CommitAsync(work)).Ensure();

        foreach (var (id, n) in new[] { ("a", 1L), ("b", 2L) })
        {
            (await Store.QueryAsync<Thing>("select id as Id, n as N from thing where id = @id", new { id })).ShouldBe([new Thing(id, n)]);
            (await Store.FirstOrDefaultAsync<string>("select id from thing where n = @n", new { n })).ShouldBe(id);
            (await Store.FirstOrDefaultAsync<long>("select n from thing where id = @id", new { id })).ShouldBe(n);
        }

        (await Store.FirstOrDefaultAsync<string>("select id from thing where n = @n", new { n = 3L })).ShouldBeNull();
        (await Store.FirstOrDefaultAsync<long?>("select max(n) from thing where id = 'c'")).ShouldBeNull();
    }

    [Fact]
    public async Task A_stale_version_never_succeeds_when_twenty_writers_race()
    {
        var attempts = await Task.WhenAll(Enumerable.Range(0, 20).Select(async i =>
        {
            var work = Work($"racer {i}");
            work.Append(Counter, "raced", 0, new Counted(1));
            return (await Store.CommitAsync(work)).Result;
        }));

        attempts.Count(result => result == CommitResult.Committed).ShouldBe(1);
        attempts.Count(result => result == CommitResult.Conflict).ShouldBe(19);
        (await Store.LoadAsync(Counter, "raced")).ShouldBe((1, 1));
    }

    [Fact]
    public async Task Losers_that_decide_again_all_get_in_and_versions_are_dense()
    {
        await Task.WhenAll(Enumerable.Range(0, 20).Select(async i =>
        {
            while (true)
            {
                var (_, version) = await Store.LoadAsync(Counter, "dense");
                var work = Work($"writer {i} at {version}");
                work.Append(Counter, "dense", version, new Counted(1));
                if ((await Store.CommitAsync(work)).Result == CommitResult.Committed)
                {
                    return;
                }
            }
        }));

        var events = await Store.ReadStreamAsync(Counter, "dense");
        events.Select(e => e.Version).ShouldBe(Enumerable.Range(1, 20).Select(v => (long)v));
    }

    [Fact]
    public async Task A_conflict_costs_only_its_owner()
    {
        var good = Work("good");
        good.Execute("insert into thing (id, n) values (@id, @n)", new { id = "good", n = 1L }, rows: 1);
        var bad = Work("bad");
        bad.Execute("insert into thing (id, n) values (@id, @n)", new { id = "bad", n = 1L }, rows: 1);
        bad.Execute("update thing set n = 2 where id = @id", new { id = "nowhere" }, rows: 1);

        var outcomes = await Task.WhenAll(Store.CommitAsync(bad), Store.CommitAsync(good));

        outcomes.Select(o => o.Result).ShouldBe([CommitResult.Conflict, CommitResult.Committed]);
        (await Store.QueryAsync<string>("select id from thing order by id")).ShouldBe(["good"]);
    }

    [Fact]
    public async Task A_guard_that_finds_no_row_is_a_conflict_and_one_that_finds_a_row_is_not()
    {
        var guarded = Work("guarded");
        guarded.Require("select 1 from thing where id = @id", new { id = "missing" });
        guarded.Execute("insert into thing (id, n) values ('guarded', 1)");
        (await Store.CommitAsync(guarded)).Result.ShouldBe(CommitResult.Conflict);

        var present = Work("present");
        present.Execute("insert into thing (id, n) values ('present', 1)");
        present.Require("select 1 from thing where id = @id", new { id = "present" });
        (await Store.CommitAsync(present)).Result.ShouldBe(CommitResult.Committed);
    }

    [Fact]
    public async Task A_statement_that_is_refused_fails_its_set_and_leaves_nothing_behind()
    {
        var work = Work();
        work.Execute("insert into thing (id, n) values ('half', 1)");
        work.Execute("insert into thing (id, n) values ('half', 2)");

        var outcome = await Store.CommitAsync(work);

        outcome.Result.ShouldBe(CommitResult.Failed);
        outcome.Error.ShouldNotBeNull();
        (await Store.QueryAsync<long>("select count(*) from thing")).ShouldBe([0]);
    }

    [Fact]
    public async Task State_and_message_commit_together_or_not_at_all()
    {
        var lost = Work("lost");
        lost.Publish(new StockReserved { OrderId = "o1" });
        lost.Require("select 1 from thing where id = 'missing'");
        (await Store.CommitAsync(lost)).Result.ShouldBe(CommitResult.Conflict);

        var kept = Work("kept");
        kept.Execute("insert into thing (id, n) values ('kept', 1)");
        kept.Publish(new StockReserved { OrderId = "o2" });
        (await Store.CommitAsync(kept)).Result.ShouldBe(CommitResult.Committed);

        (await Store.QueryAsync<string>("select key from bus_outbox")).ShouldBe(["o2"]);
    }

    [Fact]
    public async Task Position_order_is_commit_order_for_a_reader_that_follows()
    {
        var seen = new List<EventRow>();
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var reader = Task.Run(async () =>
        {
            while (seen.Count < 400)
            {
                seen.AddRange(await Store.ReadAllAsync(seen.Count == 0 ? 0 : seen[^1].Position, 50, deadline.Token));
            }
        });
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async w =>
        {
            for (var v = 0; v < 50; v++)
            {
                var work = Work($"{w}/{v}");
                work.Append(Counter, $"stream{w}", v, new Counted(1));
                (await Store.CommitAsync(work)).Ensure();
            }
        }));
        await reader.WaitAsync(deadline.Token);

        seen.Select(e => e.Position).ShouldBe(seen.Select(e => e.Position).Order());
        seen.Select(e => (e.Stream, e.Version)).Distinct().Count().ShouldBe(400);
        seen.GroupBy(e => e.Stream).ShouldAllBe(stream => stream.Select(e => e.Version).SequenceEqual(Enumerable.Range(1, 50).Select(v => (long)v)));
    }

    [Fact]
    public async Task Cancelling_before_the_writer_takes_the_set_leaves_nothing()
    {
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        var work = Work();
        work.Execute("insert into thing (id, n) values ('late', 1)");

        await Should.ThrowAsync<OperationCanceledException>(() => Store.CommitAsync(work, cancelled.Token));

        (await Store.QueryAsync<long>("select count(*) from thing")).ShouldBe([0]);
    }

    [Fact]
    public async Task A_script_that_was_changed_after_it_ran_stops_the_start()
    {
        var changed = new Migration("suite/schema.sql", "create table thing (id text primary key)");

        var error = await Should.ThrowAsync<MigrationException>(() => Store.MigrateAsync([changed]));

        error.Message.ShouldContain("suite/schema.sql");
    }

    [Fact]
    public async Task An_old_event_is_read_in_todays_shape_and_stays_as_it_was_written()
    {
        var then = new StreamType<string, object>("person", "", (_, e) => ((NamedOnce)e).Name).Event<NamedOnce>("named");
        var now = new StreamType<string, object>("person", "", (_, e) => $"{((Named)e).Family}, {((Named)e).Given}").Event<Named>("named", schemaVersion: 3, (from, data) =>
        {
            if (from == 1)
            {
                var parts = ((string)data["name"]!).Split(' ');
                return new JsonObject { ["first"] = parts[0], ["last"] = parts[1] };
            }

            return new JsonObject { ["given"] = (string?)data["first"], ["family"] = (string?)data["last"] };
        });
        var work = Work();
        work.Append(then, "ada", 0, new NamedOnce("Ada Lovelace"));
        (await Store.CommitAsync(work)).Ensure();

        (await Store.LoadAsync(now, "ada")).State.ShouldBe("Lovelace, Ada");
        (await Store.ReadStreamAsync(now, "ada"))[0].Data.ShouldBe("{\"name\":\"Ada Lovelace\"}");
    }

    [Fact]
    public async Task Afterwards_wakes_run_for_what_is_in_and_counts_for_what_went_in_now()
    {
        (await AfterwardsAsync(work => work.Execute("insert into thing (id, n) values ('a', 1)"))).ShouldBe((CommitResult.Committed, 1, 1));
        (await AfterwardsAsync(work => work.Add(Insert("b")))).ShouldBe((CommitResult.Committed, 1, 1));
        (await AfterwardsAsync(work => work.Add(Insert("b")))).ShouldBe((CommitResult.Duplicate, 1, 0));
        (await AfterwardsAsync(work => work.Execute("update thing set n = 2 where id = 'c'", rows: 1))).ShouldBe((CommitResult.Conflict, 0, 0));

        static Statement Insert(string id) => new("insert into thing (id, n) values (@id, 1) on conflict (id) do nothing", new { id }, 1, Mismatch.Duplicate);
    }

    [Fact]
    public async Task What_goes_wrong_after_a_commit_ends_neither_the_commit_nor_the_pipeline()
    {
        var work = Work("wake that throws");
        work.Execute("insert into thing (id, n) values ('a', 1)");
        work.OnCommitted(() => throw new InvalidOperationException("nobody can be woken"));
        (await Store.CommitAsync(work)).Result.ShouldBe(CommitResult.Committed);

        var next = Work("next");
        next.Execute("update thing set n = 2 where id = 'a'", rows: 1);
        (await Store.CommitAsync(next)).Result.ShouldBe(CommitResult.Committed);
    }

    /// <summary>How a set ended, how many of its wakes ran, and how many of its counts.</summary>
    protected async Task<(CommitResult Result, int Wakes, int Counts)> AfterwardsAsync(Action<WriteSet> fill)
    {
        var (wakes, counts) = (0, 0);
        var work = Work("afterwards");
        fill(work);
        work.OnCommitted(() => wakes++);
        work.OnCounted(() => counts++);
        return ((await Store.CommitAsync(work)).Result, wakes, counts);
    }

    [Fact]
    public async Task A_wake_up_is_never_lost_between_looking_and_sleeping()
    {
        for (var i = 0; i < 500; i++)
        {
            var seen = Store.Published.Version;
            var work = Work($"wake {i}");
            work.Publish(new StockReserved { OrderId = $"o{i}" });
            var commit = Store.CommitAsync(work);
            await Store.Published.WaitAsync(seen, TimeSpan.FromSeconds(10), TimeProvider.System, CancellationToken.None);
            Store.Published.Version.ShouldBeGreaterThan(seen);
            (await commit).Ensure();
        }
    }

    [Fact]
    public async Task A_lease_is_held_by_one_until_it_is_released_or_runs_out_and_its_epoch_rises_with_each_holder()
    {
        var first = (await ClaimAsync("a", TimeSpan.FromMinutes(1)))!;
        first.Epoch.ShouldBe(1);
        (await ClaimAsync("b", TimeSpan.FromMinutes(1))).ShouldBeNull();
        (await ClaimAsync("a", TimeSpan.FromMinutes(1))).ShouldBe(first);

        await Store.ReleaseAsync(first, CancellationToken.None);
        var second = (await ClaimAsync("b", TimeSpan.Zero))!;       // it runs out at once
        second.Epoch.ShouldBe(2);
        await Store.ReleaseAsync(first, CancellationToken.None);    // too late, and no concern of b's

        (await Eventually.HasAsync(() => ClaimAsync("c", TimeSpan.FromMinutes(1)), "the lease is free")).Epoch.ShouldBe(3);
        (await ClaimAsync("b", TimeSpan.FromMinutes(1))).ShouldBeNull();
    }

    [Fact]
    public async Task What_is_written_under_a_lease_that_another_has_taken_is_in_conflict()
    {
        var stale = (await ClaimAsync("a", TimeSpan.Zero))!;
        var outlived = Work("outlived");
        outlived.Fence(stale);
        outlived.Execute("insert into thing (id, n) values ('outlived', 1)");
        (await Store.CommitAsync(outlived)).Result.ShouldBe(CommitResult.Committed, "nobody else has claimed it yet");

        var fresh = await Eventually.HasAsync(() => ClaimAsync("b", TimeSpan.FromMinutes(1)), "the lease is free");
        var late = Work("late");
        late.Fence(stale);
        late.Execute("insert into thing (id, n) values ('late', 1)");
        (await Store.CommitAsync(late)).Result.ShouldBe(CommitResult.Conflict);

        var rightful = Work("rightful");
        rightful.Fence(fresh);
        (await Store.CommitAsync(rightful)).Result.ShouldBe(CommitResult.Committed);
    }

    private Task<Lease?> ClaimAsync(string owner, TimeSpan duration) => Store.ClaimAsync("suite", owner, duration, CancellationToken.None);

    protected static WriteSet Work(string cause = "test") => new(new MessageContext(cause, "suite", new MessageHeaders()), TimeProvider.System.GetUtcNow());

    public sealed record Counted(int By);

    private sealed record NamedOnce(string Name);

    private sealed record Named(string Given, string Family);

    protected sealed record Thing(string Id, long N);
}

using Argosy.Chassis.EventStore;
using Argosy.Chassis.Messaging;
using Argosy.Chassis.Store;
using Argosy.Chassis.Tests.Invariants;
using Argosy.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Store;

/// <summary>A read model that is made anew is the one that its events make, whoever reads and writes meanwhile (book i).</summary>
public abstract class RebuildTests<TEngine> : IAsyncLifetime
    where TEngine : IEngine
{
    private static readonly StreamType<long, Counted> Counter = new StreamType<long, Counted>("counter", 0, (sum, happened) => sum + happened.By)
        .Event<Counted>("counter.counted")
        .Projects("counter_view", "id", Project);

    private FreshStore _fresh = null!;
    private Rebuilds _rebuilds = null!;

    private IStore Store => _fresh.Store;

    private static ReadModel Model => Counter.ReadModels[0];

    public async ValueTask InitializeAsync()
    {
        _fresh = await TEngine.OpenAsync(new FakeTime(), new Migration("test/schema.sql", "create table counter_view (id text primary key, total bigint not null, version bigint not null, note text)"));
        _rebuilds = NewRebuilds();
    }

    public ValueTask DisposeAsync()
    {
        _rebuilds.Dispose();
        return _fresh.DisposeAsync();
    }

    [Fact]
    public async Task What_was_wrong_missing_or_too_much_is_as_the_events_say_and_the_rest_is_not_touched()
    {
        for (var i = 0; i < 300; i++)
        {
            await CountAsync($"c{i:000}", 0, 1);
            await CountAsync($"c{i:000}", 1, i);
        }

        await RunAsync("update counter_view set total = 0, note = 'x' where id = 'c001'");
        await RunAsync("delete from counter_view where id = 'c002'");
        await RunAsync("insert into counter_view (id, total, version) values ('nobody', 1, 1)");

        await AskAsync();
        await _rebuilds.RunAsync(CancellationToken.None);

        (await ViewsAsync()).ShouldBe(await TruthAsync());
        (await Store.QueryAsync<string>("select action || ' ' || target || ' ' || detail from sys_audit")).ShouldBe(
            ["projection.rebuilt counter_view 300 rows, of which 2 were missing or wrong; 1 too many"]);
        (await CursorAsync()).ShouldBeNull();
    }

    [Fact]
    public async Task However_many_rows_there_are_each_that_differs_is_found()
    {
        const int Rows = 1_200;
        for (var i = 0; i < Rows; i += 100)
        {
            var work = Work();
            for (var j = i; j < i + 100; j++)
            {
                work.Append(Counter, $"c{j:0000}", 0, new Counted(j));
            }

            (await Store.CommitAsync(work)).Ensure();
        }

        // The first of all, those around the end of a reading, and the last; and what is there and should not be, before, between and behind.
        await RunAsync("update counter_view set total = -1 where id in ('c0000', 'c0498', 'c0499', 'c1199')");
        await RunAsync("delete from counter_view where id in ('c0500', 'c0501', 'c0999', 'c1198')");
        await RunAsync("insert into counter_view (id, total, version) values ('a', 1, 1), ('c0499x', 1, 1), ('z', 1, 1)");
        await AskAsync();
        await _rebuilds.RunAsync(CancellationToken.None);

        (await ViewsAsync()).ShouldBe(await TruthAsync());
        (await Store.QueryAsync<string>("select detail from sys_audit")).ShouldBe(["1200 rows, of which 8 were missing or wrong; 3 too many"]);
    }

    [Fact]
    public async Task A_row_whose_event_came_in_while_rows_were_compared_is_looked_at_again()
    {
        await CountAsync("c1", 0, 1);
        await CountAsync("c2", 0, 1);
        await AskAsync();
        var isMissed = false;
        using var rebuilds = NewRebuilds(new Looking(Store, async () =>
        {
            // All events are replayed. Another comes that the table doesn't show, so that both say the same at this moment, and both are wrong.
            if (!isMissed && await CursorAsync() is { Position: > 0 })
            {
                isMissed = true;
                await CountAsync("c1", 1, 5);
                await RunAsync("update counter_view set total = 1, version = 1 where id = 'c1'");
            }
        }));

        await rebuilds.RunAsync(CancellationToken.None);

        (await ViewsAsync()).ShouldBe(["c1 6 2 -", "c2 1 1 -"]);
    }

    [Fact]
    public async Task A_rebuild_that_died_half_way_is_finished_by_the_next_process()
    {
        for (var i = 0; i < 600; i++)
        {
            await CountAsync($"c{i:000}", 0, i);
        }

        await RunAsync("update counter_view set total = -1");
        await AskAsync();
        using var dying = new CancellationTokenSource();
        var died = Task.Run(() => _rebuilds.RunAsync(dying.Token));
        await Eventually.HoldsAsync(async () => died.IsCompleted || await CursorAsync() is { Position: > 0 }, "it is on its way", TimeSpan.FromSeconds(30));
        await dying.CancelAsync();
        await died.ContinueWith(_ => { }, TaskScheduler.Default);

        using var next = NewRebuilds();
        await next.RunAsync(CancellationToken.None);
        (await ViewsAsync()).ShouldBe(await TruthAsync());
    }

    [Fact]
    public async Task Wherever_a_rebuild_dies_the_next_process_finishes_it_and_leaves_nothing()
    {
        for (var i = 0; i < 40; i++)
        {
            await CountAsync($"c{i:00}", 0, i);
        }

        var isDead = true;
        for (var looks = 1; isDead; looks++)
        {
            await RunAsync("update counter_view set total = -1 where id < 'c10'");
            await RunAsync("delete from counter_view where id = 'c39'");
            await AskAsync();
            using var dying = new CancellationTokenSource();
            var left = looks;
            using var dies = NewRebuilds(new Looking(Store, () => --left == 0 ? dying.CancelAsync() : Task.CompletedTask));
            try
            {
                await dies.RunAsync(dying.Token);
            }
            catch (OperationCanceledException) when (dying.IsCancellationRequested)
            {
                // that is how it dies
            }

            isDead = left <= 0;
            await _rebuilds.RunAsync(CancellationToken.None);
            (await ViewsAsync()).ShouldBe(await TruthAsync(), $"it died after look {looks}");
            (await Store.QueryAsync<string>("select outcome || ' ' || detail from sys_audit")).ShouldBe(Enumerable.Repeat("done 40 rows, of which 11 were missing or wrong; 0 too many", looks));
            (await CursorAsync()).ShouldBeNull();
            await RunAsync("create table counter_view_anew (id text)");       // as an earlier version may have left them
            await RunAsync("create table counter_view_noted (id text)");
        }
    }

    [Fact]
    public async Task What_an_instance_without_the_lease_still_does_happens_to_no_later_rebuild()
    {
        await CountAsync("c1", 0, 1);
        await RunAsync("update counter_view set total = -1");
        await AskAsync();
        var (now, late) = (NewRebuild(epoch: 0), NewRebuild(epoch: -1));
        var position = await now.BeginAsync(CancellationToken.None);
        position = await now.ReplayAsync(position, await now.ReadAsync(position, CancellationToken.None), isNoted: false, CancellationToken.None);

        await ConflictAsync(late.CompareAsync(position, CancellationToken.None));
        await ConflictAsync(late.TrySwapAsync(position, 1, CancellationToken.None));
        await ConflictAsync(late.GiveUpAsync("too late", CancellationToken.None));
        await now.CompareAsync(position, CancellationToken.None);
        (await now.TrySwapAsync(position, 1, CancellationToken.None)).ShouldBeTrue();
        await ConflictAsync(late.TidyAsync(CancellationToken.None));
        await now.TidyAsync(CancellationToken.None);

        (await ViewsAsync()).ShouldBe(await TruthAsync());
        (await Store.QueryAsync<string>("select outcome from sys_audit")).ShouldBe(["done"]);
    }

    [Fact]
    public async Task Writers_go_on_while_it_is_made_anew_and_nothing_of_theirs_is_lost()
    {
        for (var i = 0; i < 100; i++)
        {
            await CountAsync($"c{i:000}", 0, 1);
        }

        await RunAsync("update counter_view set total = -1 where id < 'c050'");
        await AskAsync();
        var writers = Enumerable.Range(0, 4).Select(async writer =>
        {
            for (var i = writer; i < 100; i += 4)
            {
                await CountAsync($"c{i:000}", 1, i);
                await CountAsync($"d{i:000}", 0, i);
            }
        }).ToList();
        await _rebuilds.RunAsync(CancellationToken.None);
        await Task.WhenAll(writers);
        await AskAsync();
        await _rebuilds.RunAsync(CancellationToken.None);

        (await ViewsAsync()).ShouldBe(await TruthAsync());
        (await Store.QueryAsync<string>("select detail from sys_audit where action = 'projection.rebuilt' order by id"))[^1].ShouldBe("200 rows, of which 0 were missing or wrong; 0 too many");
    }

    [Fact]
    public async Task Events_that_make_no_table_end_it_with_a_reason_and_the_table_stays()
    {
        await CountAsync("c1", 0, 1);
        await RunAsync("update es_event set type = 'counter.forgotten'");
        await AskAsync();
        await _rebuilds.RunAsync(CancellationToken.None);

        (await ViewsAsync()).ShouldHaveSingleItem();
        (await Store.QueryAsync<string>("select outcome || ': ' || detail from sys_audit")).ShouldHaveSingleItem().ShouldContain("failed: InvalidOperationException: Event 'counter.forgotten'");
        (await CursorAsync()).ShouldBeNull();
    }

    private static void Project(string table, string id, long version, Counted happened, WriteSet work)
    {
        if (version == 1)
        {
            work.Execute($"insert into {table} (id, total, version) values (@id, @by, 1)", new { id, by = happened.By }, rows: 1);
        }
        else
        {
            work.Execute($"update {table} set total = total + @by, version = @version where id = @id", new { id, by = happened.By, version }, rows: 1);
        }
    }

    private Rebuilds NewRebuilds(IStore? store = null) => new("test", Counter.ReadModels, store ?? Store, TimeProvider.System, NullLogger<Rebuilds>.Instance);

    private Rebuild NewRebuild(long epoch) => new(Model, epoch, "test", Store, TimeProvider.System);

    private Task<RebuildCursor?> CursorAsync() => RebuildCursor.FindAsync(Store, Model, CancellationToken.None);

    private static async Task ConflictAsync(Task late) => (await Should.ThrowAsync<CommitException>(late)).Result.ShouldBe(CommitResult.Conflict);

    private async Task CountAsync(string id, long expected, long by)
    {
        var work = Work();
        work.Append(Counter, id, expected, new Counted(by));
        (await Store.CommitAsync(work)).Ensure();
    }

    private async Task AskAsync()
    {
        var work = Work();
        _rebuilds.Ask(Model, work);
        (await Store.CommitAsync(work)).Ensure();
    }

    private async Task RunAsync(string sql)
    {
        var work = Work();
        work.Execute(sql);
        (await Store.CommitAsync(work)).Ensure();
    }

    private Task<IReadOnlyList<string>> ViewsAsync() => Store.QueryAsync<string>("select id || ' ' || total || ' ' || version || ' ' || coalesce(note, '-') from counter_view order by id");

    private async Task<IReadOnlyList<string>> TruthAsync()
    {
        var truth = new List<string>();
        foreach (var id in await Store.QueryAsync<string>("select substr(id, 9) from es_stream order by id"))
        {
            var (total, version) = await Store.LoadAsync(Counter, id);
            truth.Add($"{id} {total} {version} -");
        }

        return truth;
    }

    private static WriteSet Work() => new(new MessageContext("test", "test", new MessageHeaders()), DateTimeOffset.UnixEpoch);

    private sealed record Counted(long By);
}

public sealed class RebuildOnSqlite : RebuildTests<OnSqlite>;

[Trait("on", "servers")]
public sealed class RebuildOnPostgres : RebuildTests<OnPostgres>;

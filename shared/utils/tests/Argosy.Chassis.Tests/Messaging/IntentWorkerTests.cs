using System.Collections.Concurrent;
using System.Diagnostics;
using Argosy.Chassis.Messaging;
using Argosy.Chassis.Store;
using Argosy.Chassis.Tests.Store;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Messaging;

public abstract class IntentWorkerTests<TEngine> : IAsyncLifetime
    where TEngine : IEngine
{
    private FreshStore _fresh = null!;
    private IStore _store = null!;

    public async ValueTask InitializeAsync()
    {
        _fresh = await TEngine.OpenAsync(TimeProvider.System, new Migration("intents", "create table errand (id text primary key, state text not null, due bigint, attempts bigint not null, context text not null, error text)"));
        _store = _fresh.Store;
    }

    public ValueTask DisposeAsync() => _fresh.DisposeAsync();

    [Fact]
    public async Task An_intent_runs_as_soon_as_it_is_committed()
    {
        using var worker = new Errands(_store, new IntentWorkerOptions { Poll = TimeSpan.FromMinutes(5) }, (_, _) => Task.CompletedTask);
        await worker.StartAsync(default);

        var committed = Stopwatch.StartNew();
        await AddAsync("one", worker);
        await Until(async () => await StateAsync("one") == "done");

        committed.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(5), "the wake-up came with the commit, not with the poll");
        await worker.StopAsync(default);
    }

    [Fact]
    public async Task Intents_of_an_earlier_life_are_found_in_the_database()
    {
        await AddAsync("before", wake: null);

        using var worker = new Errands(_store, new IntentWorkerOptions(), (_, _) => Task.CompletedTask);
        await worker.StartAsync(default);

        await Until(async () => await StateAsync("before") == "done");
        await worker.StopAsync(default);
    }

    [Fact]
    public async Task A_failed_try_is_written_down_and_made_again_later()
    {
        var tries = 0;
        using var worker = new Errands(_store, new IntentWorkerOptions { FirstPause = TimeSpan.FromMilliseconds(10), Poll = TimeSpan.FromMilliseconds(20) },
            (_, _) => Interlocked.Increment(ref tries) < 4 ? throw new HttpRequestException("away") : Task.CompletedTask);
        await worker.StartAsync(default);
        await AddAsync("flaky", worker);

        await Until(async () => await StateAsync("flaky") == "done");

        tries.ShouldBe(4);
        var row = await _store.FirstOrDefaultAsync<ErrandState>("select state as State, attempts as Attempts, error as Error from errand where id = 'flaky'");
        row!.Attempts.ShouldBe(3);
        row.Error.ShouldBe("away");
        await worker.StopAsync(default);
    }

    [Fact]
    public async Task The_bulkhead_bounds_what_runs_side_by_side_and_no_intent_runs_twice_at_once()
    {
        var (now, most) = (0, 0);
        var active = new ConcurrentDictionary<string, bool>();
        using var worker = new Errands(_store, new IntentWorkerOptions { Bulkhead = 3 }, async (errand, cancellation) =>
        {
            active.TryAdd(errand.Id, true).ShouldBeTrue();
            InterlockedMax(ref most, Interlocked.Increment(ref now));
            await Task.Delay(20, cancellation);
            Interlocked.Decrement(ref now);
            active.TryRemove(errand.Id, out _);
        });
        for (var i = 0; i < 20; i++)
        {
            await AddAsync($"errand-{i:00}", wake: null);
        }

        await worker.StartAsync(default);
        await Until(async () => await _store.FirstOrDefaultAsync<long>("select count(*) from errand where state = 'due'") == 0);

        most.ShouldBe(3);
        worker.Runs.ShouldBe(20);
        await worker.StopAsync(default);
    }

    [Fact]
    public async Task A_try_ends_at_its_deadline()
    {
        using var worker = new Errands(_store, new IntentWorkerOptions { Deadline = TimeSpan.FromMilliseconds(50) }, (_, cancellation) => Task.Delay(Timeout.Infinite, cancellation));
        await worker.StartAsync(default);
        await AddAsync("slow", worker);

        await Until(async () => await _store.FirstOrDefaultAsync<long>("select attempts from errand where id = 'slow'") > 0);

        (await _store.FirstOrDefaultAsync<string>("select error from errand where id = 'slow'")).ShouldStartWith("No outcome within");
        await worker.StopAsync(default);
    }

    [Fact]
    public async Task A_word_in_between_makes_the_intent_be_read_again_without_counting_as_a_failure()
    {
        using var worker = new Errands(_store, new IntentWorkerOptions { Poll = TimeSpan.FromMilliseconds(20) }, async (errand, _) =>
        {
            if (await StateAsync(errand.Id) == "due")
            {
                await ExecuteAsync("update errand set state = 'changed', due = 0 where id = @id and state = 'due'", new { id = errand.Id });
            }
        });
        await worker.StartAsync(default);
        await AddAsync("contested", worker);

        await Until(async () => await StateAsync("contested") == "done");

        worker.Runs.ShouldBe(2);
        (await _store.FirstOrDefaultAsync<long>("select attempts from errand where id = 'contested'")).ShouldBe(0);
        await worker.StopAsync(default);
    }

    [Fact]
    public async Task Stopping_ends_what_runs_and_leaves_it_due()
    {
        var started = new TaskCompletionSource();
        using var worker = new Errands(_store, new IntentWorkerOptions(), async (_, cancellation) =>
        {
            started.TrySetResult();
            await Task.Delay(Timeout.Infinite, cancellation);
        });
        await worker.StartAsync(default);
        await AddAsync("interrupted", worker);
        await started.Task.WaitAsync(TimeSpan.FromSeconds(10));

        await worker.StopAsync(default).WaitAsync(TimeSpan.FromSeconds(10));

        (await StateAsync("interrupted")).ShouldBe("due");
        (await _store.FirstOrDefaultAsync<long>("select attempts from errand where id = 'interrupted'")).ShouldBe(0);
    }

    private Task AddAsync(string id, Errands? wake) => ExecuteAsync(
        "insert into errand (id, state, due, attempts, context) values (@id, 'due', 0, 0, @context)",
        new { id, context = new MessageContext($"cause-of-{id}", "errand-service", new MessageHeaders()).Save() }, wake);

    private async Task ExecuteAsync(string sql, object args, Errands? wake = null)
    {
        var work = new WriteSet(new MessageContext("test", "errand-service", new MessageHeaders()), TimeProvider.System.GetUtcNow());
        work.Execute(sql, args, rows: 1);
        if (wake is not null)
        {
            work.OnCommitted(wake.Wake);
        }

        (await _store.CommitAsync(work)).Ensure();
    }

    private Task<string?> StateAsync(string id) => _store.FirstOrDefaultAsync<string>("select state from errand where id = @id", new { id });

    private static void InterlockedMax(ref int target, int value)
    {
        for (var seen = Volatile.Read(ref target); value > seen; seen = Volatile.Read(ref target))
        {
            Interlocked.CompareExchange(ref target, value, seen);
        }
    }

    private static async Task Until(Func<Task<bool>> condition)
    {
        var waiting = Stopwatch.StartNew();
        while (!await condition())
        {
            waiting.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(20));
            await Task.Delay(5);
        }
    }

    private sealed record ErrandState(string State, long Attempts, string? Error);

    private sealed record Errand(string Id, string State, long Attempts, string Context) : IIntent;

    private sealed class Errands(IStore store, IntentWorkerOptions options, Func<Errand, CancellationToken, Task> run)
        : IntentWorker<Errand>(store, options, TimeProvider.System, NullLogger.Instance)
    {
        private readonly IStore _store = store;
        private int _runs;

        public int Runs => _runs;

        protected override Task<IReadOnlyList<Errand>> DueAsync(long now, int limit, CancellationToken cancellation) => _store.QueryAsync<Errand>(
            "select id as Id, state as State, attempts as Attempts, context as Context from errand where due <= @now order by due limit @limit", new { now, limit = (long)limit }, cancellation);

        protected override async Task RunAsync(Errand intent, CancellationToken cancellation)
        {
            Interlocked.Increment(ref _runs);
            await run(intent, cancellation);
            var work = WorkFor(intent, "outcome");
            work.Execute("update errand set state = 'done', due = null where id = @id and state = @state and attempts = @attempts",
                new { id = intent.Id, state = intent.State, attempts = intent.Attempts }, rows: 1);
            (await _store.CommitAsync(work, cancellation)).Ensure();
        }

        protected override void Postpone(WriteSet work, Errand intent, DateTimeOffset dueAt, Exception error) => work.Execute(
            "update errand set attempts = attempts + 1, due = @due, error = @error where id = @id and attempts = @attempts",
            new { id = intent.Id, due = dueAt.ToUnixTimeMilliseconds(), error = error.Message, attempts = intent.Attempts }, rows: 1);
    }
}

public sealed class IntentWorkerOnSqlite : IntentWorkerTests<OnSqlite>;

[Trait("on", "servers")]
public sealed class IntentWorkerOnPostgres : IntentWorkerTests<OnPostgres>;

using Argosy.Chassis.Messaging;
using Argosy.Chassis.Store;
using Argosy.Chassis.Tests.Invariants;
using Argosy.Chassis.Tests.Store;
using Argosy.Contracts.Inventory.V1;
using Argosy.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Messaging;

/// <summary>The inbox on a real store: a message takes effect once, in the order of its key, and poison holds up its own key only.</summary>
public abstract class InboxTests<TEngine> : IAsyncLifetime
    where TEngine : IEngine
{
    private readonly Shifting _time = new();
    private readonly Recorder _recorder = new();
    private FreshStore _fresh = null!;
    private IStore _store = null!;
    private Lanes _lanes = null!;
    private Inbox _inbox = null!;
    private ParkedWorker _parked = null!;
    private Func<Task> _looks = () => Task.CompletedTask;

    public async ValueTask InitializeAsync()
    {
        _fresh = await TEngine.OpenAsync(_time, new Migration("test/schema.sql", "create table effect (n bigint not null, key text not null, id text not null)"));
        _store = _fresh.Store;
        var handlers = new HandlerTable();
        handlers.AddClass(typeof(Recorder));
        var services = new ServiceCollection().AddSingleton(_recorder).BuildServiceProvider();
        _lanes = new Lanes(8);
        _inbox = new Inbox("inventory-service", new Looking(_store, () => _looks()), handlers, services, _time, new Random(1), NullLogger<Inbox>.Instance);
        _parked = new ParkedWorker(_store, _inbox, _lanes, _time, NullLogger<ParkedWorker>.Instance);
    }

    public async ValueTask DisposeAsync()
    {
        await _lanes.DisposeAsync();
        await _fresh.DisposeAsync();
    }

    [Fact]
    public async Task A_message_that_comes_twice_takes_effect_once()
    {
        var message = Message("a", "1");

        await Task.WhenAll(DeliverAsync(message), DeliverAsync(message));
        await DeliverAsync(message);

        (await EffectsAsync("a")).ShouldBe(["1"]);
    }

    [Fact]
    public async Task Poison_holds_up_its_own_key_and_no_other()
    {
        _recorder.Poison.Add("bad");

        await DeliverAsync(Message("a", "bad"));
        await DeliverAsync(Message("a", "behind"));
        await DeliverAsync(Message("b", "free"));

        (await EffectsAsync("a")).ShouldBeEmpty();
        (await EffectsAsync("b")).ShouldBe(["free"]);
    }

    [Fact]
    public async Task Order_by_key_is_kept_through_retries()
    {
        _recorder.Poison.Add("1");
        await DeliverAsync(Message("a", "1"));
        await DeliverAsync(Message("a", "2"));
        await DeliverAsync(Message("a", "3"));

        _recorder.Poison.Clear();
        await SettleAsync();

        (await EffectsAsync("a")).ShouldBe(["1", "2", "3"]);
        (await _store.QueryAsync<long>("select count(*) from bus_parked")).ShouldBe([0]);
    }

    [Fact]
    public async Task A_message_of_which_nothing_can_be_learned_is_not_overtaken()
    {
        var left = 3;
        _looks = () => left-- > 0 ? throw new InvalidOperationException("the look failed, and nobody knows why") : Task.CompletedTask;

        await Task.WhenAll(DeliverAsync(Message("a", "1")), DeliverAsync(Message("a", "2")));

        (await EffectsAsync("a")).ShouldBe(["1", "2"]);
    }

    [Fact]
    public async Task After_eight_tries_a_message_is_dead_and_a_repeat_of_it_is_acknowledged()
    {
        _recorder.Poison.Add("1");
        await DeliverAsync(Message("a", "1"));
        for (var i = 0; i < 20; i++)
        {
            _time.Advance(TimeSpan.FromMinutes(2));
            await _parked.RunDueAsync(CancellationToken.None);
        }

        (await _store.QueryAsync<string>("select state from bus_parked")).ShouldBe(["dead"]);
        (await _store.QueryAsync<long>("select attempts from bus_parked")).ShouldBe([Dispatch.MaxAttempts]);
        _recorder.Tries.ShouldBe(Dispatch.MaxAttempts);
        await DeliverAsync(Message("a", "1"));
        _recorder.Tries.ShouldBe(Dispatch.MaxAttempts);
    }

    [Fact]
    public async Task A_do_that_comes_after_its_undo_has_no_effect()
    {
        await DeliverAsync(Message("a", "undo", undoes: "do"));
        await DeliverAsync(Message("a", "do"));

        (await EffectsAsync("a")).ShouldBe(["undo"]);
    }

    [Fact]
    public async Task An_undo_overtakes_its_parked_do_and_removes_it()
    {
        _recorder.Poison.Add("do");
        await DeliverAsync(Message("a", "do"));

        await DeliverAsync(Message("a", "undo", undoes: "do"));
        _recorder.Poison.Clear();
        await SettleAsync();

        (await EffectsAsync("a")).ShouldBe(["undo"]);
        (await _store.QueryAsync<long>("select count(*) from bus_parked")).ShouldBe([0]);
    }

    [Fact]
    public async Task An_undo_that_fails_once_does_not_wait_behind_its_own_dead_do()
    {
        _recorder.Poison.Add("do");
        await DeliverAsync(Message("a", "do"));
        await _store.CommitAsync(Marked("update bus_parked set state = 'dead', due = null"));
        _recorder.Poison.Add("undo");
        await DeliverAsync(Message("a", "undo", undoes: "do"));

        _recorder.Poison.Clear();
        await SettleAsync();

        (await EffectsAsync("a")).ShouldBe(["undo"]);
        (await _store.QueryAsync<long>("select count(*) from bus_parked")).ShouldBe([0]);
    }

    [Fact]
    public async Task A_handler_in_conflict_decides_again_on_fresh_reads()
    {
        _recorder.Conflicts = 3;

        await DeliverAsync(Message("a", "1"));

        _recorder.Tries.ShouldBe(4);
        (await EffectsAsync("a")).ShouldBe(["1"]);
    }

    [Fact]
    public async Task A_message_older_than_the_horizon_is_parked_dead_instead_of_run()
    {
        var old = Message("a", "1") with { Time = _time.GetUtcNow() - TimeSpan.FromDays(8) };

        await DeliverAsync(old);

        (await EffectsAsync("a")).ShouldBeEmpty();
        (await _store.QueryAsync<string>("select state from bus_parked")).ShouldBe(["dead"]);
    }

    [Fact]
    public async Task Three_minutes_without_the_database_park_nothing_and_nothing_is_overtaken()
    {
        var time = new FakeTime();
        var back = time.GetUtcNow() + TimeSpan.FromMinutes(3);
        var (looks, reads) = (0, 0);
        var store = new Away(_store, () => Interlocked.Increment(ref looks) % 3 > 0 && time.GetUtcNow() < back);      // reads get through at times, the commit behind them doesn't
        var handlers = new HandlerTable();
        handlers.AddClass(typeof(Recorder));
        var inbox = new Inbox("inventory-service", store, handlers, new ServiceCollection().AddSingleton(_recorder).BuildServiceProvider(), time, new Random(1), NullLogger<Inbox>.Instance);

        var all = Task.WhenAll(new[] { ("a", "1"), ("a", "2"), ("b", "3") }.Select(message => _lanes.RunAsync(
            message.Item1, c => inbox.ReceiveAsync(Message(message.Item1, message.Item2) with { Time = time.GetUtcNow() }, c), CancellationToken.None)));
        for (; !all.IsCompleted; reads++)
        {
            await Eventually.HoldsAsync(() => time.Waiting > 0 || all.IsCompleted, "it waits, or has ended");
            time.Advance(TimeSpan.FromMilliseconds(500));
        }

        await all;
        reads.ShouldBeGreaterThan(300);
        (await EffectsAsync("a")).ShouldBe(["1", "2"]);
        (await EffectsAsync("b")).ShouldBe(["3"]);
        (await _store.QueryAsync<long>("select count(*) from bus_parked")).ShouldBe([0]);
    }

    [Fact]
    public async Task What_another_version_handles_waits_for_it_and_its_key_waits_too()
    {
        var added = Envelope.Of(new ReserveStock { OrderId = "a" }, "added", "order-service", new MessageHeaders(), _time.GetUtcNow());
        await DeliverAsync(added);
        await DeliverAsync(Message("a", "behind"));
        await DeliverAsync(Message("b", "free"));
        await SettleAsync();
        (await EffectsAsync("a")).ShouldBeEmpty();
        (await EffectsAsync("b")).ShouldBe(["free"]);
        (await Parking.DeadAsync(_store, _inbox.Handled, "", "", 10, CancellationToken.None)).Select(row => (row.Id, row.State, row.Attempts)).ShouldBe([("added", "retry", 0L)]);

        var handlers = new HandlerTable();
        handlers.AddClass(typeof(Recorder));
        handlers.AddClass(typeof(NewRecorder));
        var services = new ServiceCollection().AddSingleton(_recorder).AddSingleton<NewRecorder>().BuildServiceProvider();
        var inbox = new Inbox("inventory-service", _store, handlers, services, _time, new Random(1), NullLogger<Inbox>.Instance);
        _parked = new ParkedWorker(_store, inbox, _lanes, _time, NullLogger<ParkedWorker>.Instance);
        await SettleAsync();

        (await EffectsAsync("a")).ShouldBe(["added", "behind"]);
        (await _store.QueryAsync<long>("select count(*) from bus_parked")).ShouldBe([0]);
    }

    [Fact]
    public async Task A_scheduled_message_runs_when_it_is_due_and_not_before()
    {
        var work = new WriteSet(new MessageContext("test", "inventory-service", new MessageHeaders()), _time.GetUtcNow());
        work.Schedule(new ReleaseStock { OrderId = "later" }, _time.GetUtcNow() + TimeSpan.FromMinutes(5));
        (await _store.CommitAsync(work)).Ensure();

        (await _parked.RunDueAsync(CancellationToken.None)).ShouldBe(0);
        _time.Advance(TimeSpan.FromMinutes(5));
        (await _parked.RunDueAsync(CancellationToken.None)).ShouldBe(1);
        (await _parked.RunDueAsync(CancellationToken.None)).ShouldBe(0);

        (await EffectsAsync("later")).Count.ShouldBe(1);
    }

    private WriteSet Marked(string sql)
    {
        var work = new WriteSet(new MessageContext("test", "inventory-service", new MessageHeaders()), _time.GetUtcNow());
        work.Execute(sql);
        return work;
    }

    private Task DeliverAsync(Envelope envelope) => _lanes.RunAsync(envelope.Key, c => _inbox.ReceiveAsync(envelope, c), CancellationToken.None);

    private async Task SettleAsync()
    {
        for (var i = 0; i < 50; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(30));
            await _parked.RunDueAsync(CancellationToken.None);
        }
    }

    private Task<IReadOnlyList<string>> EffectsAsync(string key) => _store.QueryAsync<string>("select id from effect where key = @key order by n", new { key });

    private Envelope Message(string key, string id, string? undoes = null) =>
        Envelope.Of(new ReleaseStock { OrderId = key }, id, "order-service", new MessageHeaders { Undoes = undoes }, _time.GetUtcNow());

    private sealed class Shifting : TimeProvider
    {
        private TimeSpan _ahead;

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + _ahead;

        public void Advance(TimeSpan by) => _ahead += by;
    }

    internal sealed class NewRecorder(Recorder recorder)
    {
        public Task Handle(ReserveStock message, WriteSet work, CancellationToken cancellation) =>
            recorder.Handle(new ReleaseStock { OrderId = message.OrderId }, work, cancellation);
    }

    internal sealed class Recorder
    {
        private int _tries;

        public HashSet<string> Poison { get; } = [];

        public int Conflicts { get; set; }

        public int Tries => _tries;

        public Task Handle(ReleaseStock message, WriteSet work, CancellationToken cancellation)
        {
            Interlocked.Increment(ref _tries);
            if (Poison.Contains(work.Context.Id))
            {
                throw new InvalidOperationException("poison");
            }

            if (Conflicts > 0)
            {
                Conflicts--;
                work.Require("select 1 from effect where id = 'nothing'");
            }

            work.Execute("insert into effect (n, key, id) select coalesce(max(n), 0) + 1, @key, @id from effect", new { key = message.OrderId, id = work.Context.Id }, rows: 1);
            return Task.CompletedTask;
        }
    }
}

public sealed class InboxOnSqlite : InboxTests<OnSqlite>;

[Trait("on", "servers")]
public sealed class InboxOnPostgres : InboxTests<OnPostgres>;

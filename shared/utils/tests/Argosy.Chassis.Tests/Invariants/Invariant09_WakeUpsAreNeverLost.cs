using Argosy.Chassis.Messaging;
using Argosy.Chassis.Store;
using Argosy.Chassis.Tests.Store;
using Argosy.Contracts.Inventory.V1;
using Argosy.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Invariants;

/// <summary>
/// The poll that would hide a lost wake-up never comes here: its clock stands still. That a wake-up takes less than 50 ms is a figure
/// and not a law on a machine that is busy; the counts are.
/// </summary>
public abstract class Invariant09_WakeUpsAreNeverLost<TEngine>
    where TEngine : IEngine
{
    private const int Races = 10_000;
    private const int Times = 10;

    [Fact]
    public async Task No_wake_up_is_lost_in_ten_thousand_races_between_publishing_and_going_to_sleep()
    {
        var (signal, still) = (new Signal(), new FakeTime());
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        var (published, seen) = (0, 0);
        var sleeper = Task.Run(async () =>
        {
            while (seen < Races)
            {
                // As a relay does: note the version, look, sleep.
                var version = signal.Version;
                if (Volatile.Read(ref published) > seen)
                {
                    Volatile.Write(ref seen, seen + 1);
                    continue;
                }

                await signal.WaitAsync(version, TimeSpan.FromSeconds(1), still, deadline.Token);
            }
        });
        var chance = new Random(9);
        for (var i = 0; i < Races; i++)
        {
            // The sleeper is somewhere between its last look and its sleep, or sleeps already.
            Thread.SpinWait(chance.Next(300));
            Interlocked.Increment(ref published);
            signal.Set();
            while (Volatile.Read(ref seen) <= i)
            {
                // Nothing else will wake it: the next word comes only after this one was heard.
                deadline.Token.ThrowIfCancellationRequested();
                await Task.Yield();
            }
        }

        await sleeper.WaitAsync(deadline.Token);
        still.Waiting.ShouldBe(0, "who was woken leaves no timer behind");
    }

    [Fact]
    public async Task Twenty_sleepers_are_all_woken_by_one_word()
    {
        var (signal, still) = (new Signal(), new FakeTime());
        var sleepers = Enumerable.Range(0, 20).Select(_ => signal.WaitAsync(0, TimeSpan.FromHours(1), still, CancellationToken.None)).ToArray();
        still.Waiting.ShouldBe(20);

        signal.Set();

        await Task.WhenAll(sleepers).WaitAsync(TimeSpan.FromSeconds(20));
        still.Waiting.ShouldBe(0);
    }

    [Fact]
    public async Task A_sleeper_whose_wake_up_never_comes_looks_again_after_its_interval()
    {
        var (signal, time) = (new Signal(), new FakeTime());
        var sleeper = signal.WaitAsync(0, TimeSpan.FromSeconds(1), time, CancellationToken.None);
        time.Advance(TimeSpan.FromMilliseconds(999));
        sleeper.IsCompleted.ShouldBeFalse();

        time.Advance(TimeSpan.FromMilliseconds(1));

        await sleeper.WaitAsync(TimeSpan.FromSeconds(20));
    }

    // Three who sleep, and each time the word comes at the worst moment: they have looked and found nothing, and do not sleep yet.
    [Fact]
    public async Task A_relay_that_has_just_looked_does_not_sleep_over_what_is_published_then()
    {
        await using var desk = await Desk.OpenAsync<TEngine>();
        var subscriber = Outgoing.To("order-service");
        await PushRelay.RegisterAsync("inventory-service", [subscriber], desk.Store, desk.Time, CancellationToken.None);
        var (outgoing, published) = (new Outgoing(), 0);
        var store = new Looking(desk.Store, async () =>
        {
            if (published < Times && outgoing.Heard.Count == published)
            {
                await Outgoing.PublishAsync(desk, 1, $"{++published}");
            }
        });
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(60));

        var relay = Outgoing.Relay(store, subscriber, outgoing, desk.Time).RunAsync(stop.Token);

        await Eventually.HoldsAsync(() => outgoing.Heard.Count == Times, "everything is brought, and no poll came", TimeSpan.FromSeconds(10));
        await stop.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => relay);
    }

    [Fact]
    public async Task Who_runs_parked_messages_and_has_just_looked_does_not_sleep_over_what_is_parked_then()
    {
        await using var desk = await Desk.OpenAsync<TEngine>();
        var parked = 0;
        using var worker = desk.Worker(new Looking(desk.Store, async () =>
        {
            if (parked < Times && await desk.CountAsync("effect") == parked)
            {
                var work = desk.Work($"{++parked}");
                work.Schedule(new ReleaseStock { OrderId = $"order-{parked}" }, work.Now);
                (await desk.Store.CommitAsync(work)).Ensure();
            }
        }));

        await worker.StartAsync(CancellationToken.None);

        await Eventually.HoldsAsync(async () => await desk.CountAsync("effect") == Times, "everything is run, and no poll came", TimeSpan.FromSeconds(10));
        await worker.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task Who_runs_intents_and_has_just_looked_does_not_sleep_over_what_is_due_then()
    {
        await using var desk = await Desk.OpenAsync<TEngine>();
        using var worker = new Errands(desk);

        await worker.StartAsync(CancellationToken.None);

        await Eventually.HoldsAsync(() => worker.Done == Times, "everything is run, and no poll came", TimeSpan.FromSeconds(10));
        await worker.StopAsync(CancellationToken.None);
    }

    private sealed record Errand(string Id, long Attempts, string Context) : IIntent;

    private sealed class Errands(Desk desk) : IntentWorker<Errand>(desk.Store, new IntentWorkerOptions(), desk.Time, NullLogger.Instance)
    {
        private int _due;
        private int _done;

        public int Done => Volatile.Read(ref _done);

        protected override Task<IReadOnlyList<Errand>> DueAsync(long now, int limit, CancellationToken cancellation)
        {
            var (done, seen) = (Done, _due);
            if (seen < Times && seen == done)
            {
                _due++;
                Wake();
            }

            var context = new MessageContext($"{seen}", "inventory-service", new MessageHeaders()).Save();
            return Task.FromResult<IReadOnlyList<Errand>>(seen > done ? [new Errand($"{seen}", 0, context)] : []);
        }

        protected override Task RunAsync(Errand intent, CancellationToken cancellation)
        {
            Interlocked.Increment(ref _done);
            return Task.CompletedTask;
        }

        protected override void Postpone(WriteSet work, Errand intent, DateTimeOffset dueAt, Exception error) => throw new InvalidOperationException("No errand fails.");
    }
}

public sealed class Invariant09_WakeUpsAreNeverLostOnSqlite : Invariant09_WakeUpsAreNeverLost<OnSqlite>;

[Trait("on", "servers")]
public sealed class Invariant09_WakeUpsAreNeverLostOnPostgres : Invariant09_WakeUpsAreNeverLost<OnPostgres>;

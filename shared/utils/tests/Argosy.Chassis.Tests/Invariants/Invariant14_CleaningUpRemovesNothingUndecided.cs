using Argosy.Chassis.Hosting.Writes;
using Argosy.Chassis.Messaging;
using Argosy.Chassis.Tests.Store;
using Argosy.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Invariants;

public abstract class Invariant14_CleaningUpRemovesNothingUndecided<TEngine>
    where TEngine : IEngine
{
    private const int Messages = 700;

    [Fact]
    public async Task Cleaning_up_that_races_a_slow_relay_takes_nothing_that_it_has_not_brought()
    {
        await using var desk = await Desk.OpenAsync<TEngine>();
        Subscriber[] subscribers = [Outgoing.To("order-service"), Outgoing.To("notification-service")];
        await PushRelay.RegisterAsync("inventory-service", subscribers, desk.Store, desk.Time, CancellationToken.None);
        var said = await Outgoing.PublishAsync(desk, Messages, "cleaned");
        desk.Time.Advance(TimeSpan.FromHours(2));       // all of it is old enough to go
        var cleanup = new Cleanup("inventory-service", desk.Store, [.. subscribers.Select(subscriber => PushRelay.CursorName(subscriber.Name))], desk.Time, NullLogger<Cleanup>.Instance);
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var fast = new Outgoing();

        // The slow one lets cleaning up run to its end before each batch is taken, and again before its cursor moves.
        var slow = new Outgoing(async _ => await CleanAsync(cleanup, stop.Token));
        var relays = new[] { Outgoing.Relay(desk.Store, subscribers[0], slow), Outgoing.Relay(desk.Store, subscribers[1], fast) }.Select(relay => relay.RunAsync(stop.Token)).ToArray();
        var cleaning = Task.Run(async () =>
        {
            while (slow.Heard.Count < Messages)
            {
                await CleanAsync(cleanup, stop.Token);
            }
        });

        await Eventually.HoldsAsync(() => slow.Heard.Count >= Messages && fast.Heard.Count >= Messages, "both have heard everything", TimeSpan.FromSeconds(50));
        await cleaning;
        slow.Heard.ShouldBe(said);
        fast.Heard.ShouldBe(said);
        await Eventually.HoldsAsync(async () =>
        {
            await CleanAsync(cleanup, stop.Token);
            return await desk.CountAsync("bus_outbox") == 0;
        }, "what both have taken is gone");
        await stop.CancelAsync();
        await Task.WhenAll(relays).ContinueWith(_ => { }, TaskScheduler.Default);
    }

    [Fact]
    public async Task A_subscriber_that_never_began_holds_everything_back()
    {
        await using var desk = await Desk.OpenAsync<TEngine>();
        await Outgoing.PublishAsync(desk, 5, "waiting");
        desk.Time.Advance(TimeSpan.FromDays(30));

        await CleanAsync(new Cleanup("inventory-service", desk.Store, [PushRelay.CursorName("order-service")], desk.Time, NullLogger<Cleanup>.Instance), default);

        (await desk.CountAsync("bus_outbox")).ShouldBe(5);
    }

    [Fact]
    public async Task Inbox_rows_go_after_seven_days_and_those_of_parked_messages_stay()
    {
        await using var desk = await Desk.OpenAsync<TEngine>((id, _) => id == "poison");
        await desk.DeliverAsync(desk.Message("a", "old"));
        await desk.DeliverAsync(desk.Message("b", "poison"));
        var forbidden = desk.Work("forbid");
        forbidden.Execute("insert into bus_inbox (id, at) values ('poison', @at)", new { at = forbidden.NowMilliseconds });
        (await desk.Store.CommitAsync(forbidden)).Ensure();
        desk.Time.Advance(TimeSpan.FromMinutes(2));
        await desk.DeliverAsync(desk.Message("c", "young"));
        desk.Time.Advance(Dispatch.Horizon - TimeSpan.FromMinutes(1));       // a minute too long for the one, a minute short for the other

        await CleanAsync(new Cleanup("inventory-service", desk.Store, [], desk.Time, NullLogger<Cleanup>.Instance), default);

        (await desk.Store.QueryAsync<string>("select id from bus_inbox order by id")).ShouldBe(["poison", "young"]);
    }

    // What a service says to a key whose answer is gone is its own: OrderApiTests and PaymentApiTests.
    [Fact]
    public async Task Answers_to_idempotency_keys_go_after_seven_days_in_batches_and_each_younger_one_stays()
    {
        const int Old = 1200;
        const int Batch = 500;
        await using var desk = await Desk.OpenAsync<TEngine>();
        await AnswerAsync(desk, Enumerable.Range(0, Old).Select(i => Key("ada", $"key-{i}")));
        desk.Time.Advance(TimeSpan.FromMinutes(2));
        var young = Key("bob", "key-7");       // the same key, and another caller's
        await AnswerAsync(desk, [young]);
        desk.Time.Advance(Dispatch.Horizon - TimeSpan.FromMinutes(1));
        var cleanup = new Cleanup("inventory-service", desk.Store, [], desk.Time, NullLogger<Cleanup>.Instance);

        (await cleanup.RunOnceAsync(default)).ShouldBeTrue("there is more");

        (await desk.CountAsync("http_idempotency")).ShouldBe(Old - Batch + 1);
        await CleanAsync(cleanup, default);
        (await desk.CountAsync("http_idempotency")).ShouldBe(1);
        (await IdempotencyRecords.FindAsync(desk.Store, young, default)).ShouldNotBeNull().Answer.Body.ShouldBe([7]);
        (await IdempotencyRecords.FindAsync(desk.Store, Key("ada", "key-7"), default)).ShouldBeNull();
    }

    private static IdempotencyKey Key(string caller, string key) => new(caller, "POST", "/things", key, [1]);

    private static async Task AnswerAsync(Desk desk, IEnumerable<IdempotencyKey> keys)
    {
        var work = desk.Work("answers");
        foreach (var key in keys)
        {
            work.Add(IdempotencyRecords.Insert(key, new StoredAnswer(202, new Dictionary<string, string>(StringComparer.Ordinal), [7]), work.Now));
        }

        (await desk.Store.CommitAsync(work)).Ensure();
    }

    private static async Task CleanAsync(Cleanup cleanup, CancellationToken cancellation)
    {
        while (await cleanup.RunOnceAsync(cancellation))
        {
            cancellation.ThrowIfCancellationRequested();
        }
    }
}

public sealed class Invariant14_CleaningUpRemovesNothingUndecidedOnSqlite : Invariant14_CleaningUpRemovesNothingUndecided<OnSqlite>;

[Trait("on", "servers")]
public sealed class Invariant14_CleaningUpRemovesNothingUndecidedOnPostgres : Invariant14_CleaningUpRemovesNothingUndecided<OnPostgres>;

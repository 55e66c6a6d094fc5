using Argosy.Chassis.Messaging;
using Argosy.Chassis.Tests.Store;
using Argosy.Testing;
using FsCheck.Fluent;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Invariants;

public abstract class Invariant06_MessagesOfAKeyKeepTheirOrder<TEngine>
    where TEngine : IEngine
{
    [Fact]
    public void Messages_of_a_key_keep_their_order_through_retries_and_repeats() =>
        Property.Holds(ArbMap.Default.ArbFor<int>(), KeepsOrderAsync, 12);

    [Fact]
    public async Task Messages_leave_in_the_order_in_which_they_were_published_though_the_subscriber_refuses_some_batches()
    {
        await using var desk = await Desk.OpenAsync<TEngine>();
        var subscriber = Outgoing.To("order-service");
        await PushRelay.RegisterAsync("inventory-service", [subscriber], desk.Store, desk.Time, CancellationToken.None);
        var early = await Outgoing.PublishAsync(desk, 40, "early");
        var outgoing = new Outgoing(batch => batch is 1 or 2 or 4 ? throw new HttpRequestException("away") : Task.CompletedTask);
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var relay = Outgoing.Relay(desk.Store, subscriber, outgoing).RunAsync(stop.Token);
        await Eventually.HoldsAsync(() => outgoing.Heard.Count >= early.Count, "the first are through", TimeSpan.FromSeconds(20));

        var all = await Outgoing.PublishAsync(desk, 40, "late");

        await Eventually.HoldsAsync(() => outgoing.Heard.Count >= all.Count, "all are through", TimeSpan.FromSeconds(20));
        outgoing.Heard.ShouldBe(all);
        await stop.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => relay);
    }

    private static async Task<bool> KeepsOrderAsync(int seed)
    {
        var chance = new Random(seed);
        var patience = Enumerable.Range(0, 120).ToDictionary(i => $"{i:000}", _ => chance.Next(3) == 0 ? chance.Next(1, 7) : 0, StringComparer.Ordinal);
        await using var desk = await Desk.OpenAsync<TEngine>((id, tries) => tries < patience[id]);
        var underWay = new List<Task>();        // a sender does not wait for one before it sends the next
        foreach (var id in patience.Keys.Order(StringComparer.Ordinal))
        {
            var message = desk.Message($"key{chance.Next(6)}", id);
            underWay.Add(desk.DeliverAsync(message));
            if (chance.Next(3) == 0)
            {
                underWay.Add(desk.DeliverAsync(message));
            }

            if (chance.Next(4) == 0)
            {
                desk.Time.Advance(TimeSpan.FromMilliseconds(chance.Next(2000)));
                await desk.RunDueAsync();
            }
        }

        await Task.WhenAll(underWay);
        await desk.SettleAsync();
        var handled = 0;
        for (var key = 0; key < 6; key++)
        {
            var effects = await desk.EffectsAsync($"key{key}");
            effects.SequenceEqual(effects.Order(StringComparer.Ordinal)).ShouldBeTrue($"seed {seed}, key{key}");
            handled += effects.Count;
        }

        return handled == patience.Count;
    }
}

public sealed class Invariant06_MessagesOfAKeyKeepTheirOrderOnSqlite : Invariant06_MessagesOfAKeyKeepTheirOrder<OnSqlite>;

[Trait("on", "servers")]
public sealed class Invariant06_MessagesOfAKeyKeepTheirOrderOnPostgres : Invariant06_MessagesOfAKeyKeepTheirOrder<OnPostgres>;

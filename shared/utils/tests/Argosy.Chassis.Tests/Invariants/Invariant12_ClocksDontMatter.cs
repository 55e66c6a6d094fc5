using Argosy.Chassis.Tests.Sagas;
using Argosy.Chassis.Tests.Store;
using Argosy.Contracts.Inventory.V1;
using Argosy.Contracts.Payment.V1;
using Argosy.Contracts.Shipping.V1;
using FsCheck.Fluent;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Invariants;

/// <summary>Wall clocks an hour off either way, jumping at any moment; the simulation has them in every fourth process too.</summary>
public abstract class Invariant12_ClocksDontMatter<TEngine>
    where TEngine : IEngine
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    [Fact]
    public void Messages_take_effect_once_and_in_order_while_clocks_jump() => Property.Holds(ArbMap.Default.ArbFor<int>(), HoldsAsync, 10);

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    public async Task A_saga_whose_answers_come_ends_once_while_the_clock_jumps(int direction)
    {
        const string Subject = Checkout.OrderId;
        var saga = Checkout.Saga();
        await using var owner = await SagaOwner.OpenAsync<TEngine>(saga);
        await owner.StartAsync(saga, Subject);
        foreach (var answer in new Google.Protobuf.IMessage[] { new StockReserved { OrderId = Subject }, new PaymentCaptured { OrderId = Subject }, new ShipmentArranged { OrderId = Subject, TrackingNumber = "TRK-1" } })
        {
            // Back: deadlines are an hour away. Forward: they have passed, and the answer is there before anybody has looked.
            owner.Time.Jump(direction * Hour);
            await owner.AnswerAsync(Subject, answer);
            owner.Time.Jump(-direction * Hour);
        }

        (await owner.ToldAsync(Subject)).ShouldBe(["completed TRK-1"]);
        await owner.ReachDeadlinesAsync(2 * Hour);
        (await owner.ViewAsync($"checkout/{Subject}")).State.ShouldBe("completed");
    }

    [Fact]
    public async Task A_deadline_that_a_jumping_clock_brings_early_undoes_what_was_started_and_a_late_answer_changes_nothing()
    {
        const string Subject = Checkout.OrderId;
        var saga = Checkout.Saga();
        await using var owner = await SagaOwner.OpenAsync<TEngine>(saga);
        await owner.StartAsync(saga, Subject);
        owner.Time.Jump(Hour);
        (await owner.ReachDeadlinesAsync(TimeSpan.Zero)).ShouldBe(1);
        owner.Time.Jump(-2 * Hour);

        (await owner.ReachDeadlinesAsync(TimeSpan.Zero)).ShouldBe(0);
        await owner.AnswerAsync(Subject, new StockReleased { OrderId = Subject });

        (await owner.ViewAsync($"checkout/{Subject}")).State.ShouldBe("compensated");
    }

    private static async Task<bool> HoldsAsync(int seed)
    {
        var chance = new Random(seed);
        var failures = Enumerable.Range(0, 80).ToDictionary(i => $"{i:00}", _ => chance.Next(4) == 0 ? chance.Next(1, 5) : 0, StringComparer.Ordinal);
        await using var desk = await Desk.OpenAsync<TEngine>((id, tries) => tries < failures[id]);
        foreach (var id in failures.Keys.Order(StringComparer.Ordinal))
        {
            // The sender's clock is another one, as far off as ours.
            var message = desk.Message($"key{chance.Next(4)}", id) with { Time = desk.Time.GetUtcNow() + (Hour * ((chance.NextDouble() * 2) - 1)) };
            desk.Time.Jump(Hour * ((chance.NextDouble() * 2) - 1));
            await Task.WhenAll(desk.DeliverAsync(message), desk.DeliverAsync(message));
            await desk.RunDueAsync();
        }

        await desk.SettleAsync();
        var all = await desk.Store.QueryAsync<string>("select id from effect");
        for (var key = 0; key < 4; key++)
        {
            var effects = await desk.EffectsAsync($"key{key}");
            effects.SequenceEqual(effects.Order(StringComparer.Ordinal)).ShouldBeTrue($"seed {seed}, key{key}");
        }

        return all.Count == failures.Count && all.Distinct().Count() == all.Count;
    }
}

public sealed class Invariant12_ClocksDontMatterOnSqlite : Invariant12_ClocksDontMatter<OnSqlite>;

[Trait("on", "servers")]
public sealed class Invariant12_ClocksDontMatterOnPostgres : Invariant12_ClocksDontMatter<OnPostgres>;

using Argosy.Chassis.Messaging;
using Argosy.Chassis.Tests.Store;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Invariants;

/// <summary>InboxTests shows the way to eight tries; here the letter is dead, and an operator acts.</summary>
public abstract class Invariant07_PoisonBlocksItsKeyOnly<TEngine>
    where TEngine : IEngine
{
    [Fact]
    public async Task Poison_blocks_its_key_only_and_a_dead_letter_that_is_replayed_takes_effect_once()
    {
        var mended = false;
        await using var desk = await Desk.OpenAsync<TEngine>((id, _) => id == "poison" && !mended);
        await desk.DeliverAsync(desk.Message("sick", "poison"));
        for (var i = 0; i < 30; i++)
        {
            await desk.DeliverAsync(desk.Message("sick", $"behind {i:00}"));
            await desk.DeliverAsync(desk.Message($"key{i}", $"free {i:00}"));
        }

        (await desk.CountAsync("effect")).ShouldBe(30, "the others went through at once");
        await desk.SettleAsync();
        (await desk.Store.QueryAsync<string>("select state from bus_parked where id = 'poison'")).ShouldBe(["dead"]);
        (await desk.EffectsAsync("sick")).ShouldBeEmpty();
        (await desk.CountAsync("effect")).ShouldBe(30);

        mended = true;
        await Task.WhenAll(ReplayAsync(desk, 1), ReplayAsync(desk, 2));
        await Task.WhenAll(desk.RunDueAsync(), desk.RunDueAsync(), desk.DeliverAsync(desk.Message("sick", "poison")));
        await desk.SettleAsync();

        (await desk.EffectsAsync("sick")).ShouldBe(["poison", .. Enumerable.Range(0, 30).Select(i => $"behind {i:00}")]);
        (await desk.CountAsync("bus_parked")).ShouldBe(0);
    }

    [Fact]
    public async Task A_dead_letter_holds_up_what_comes_of_its_key_after_it_died_and_lets_nothing_overtake_it_later()
    {
        await using var desk = await Desk.OpenAsync<TEngine>((id, _) => id == "poison");
        await desk.DeliverAsync(desk.Message("sick", "poison"));
        await desk.SettleAsync();
        (await desk.Store.QueryAsync<string>("select state from bus_parked where id = 'poison'")).ShouldBe(["dead"]);

        // Nothing else of its key waits: only the dead letter itself is in the way.
        await desk.DeliverAsync(desk.Message("sick", "later"));
        (await desk.EffectsAsync("sick")).ShouldBeEmpty();

        desk.Time.Advance(TimeSpan.FromHours(1));
        await desk.RunDueAsync();
        (await desk.EffectsAsync("sick")).ShouldBeEmpty();
    }

    // As /admin/dead-letters/{id}/retry does.
    private static async Task ReplayAsync(Desk desk, int operatorNumber)
    {
        var work = desk.Work($"operator {operatorNumber}");
        work.Execute("update bus_parked set state = 'retry', attempts = 0, due = @now where id = 'poison' and state = 'dead'", new { now = work.NowMilliseconds }, rows: 1);
        work.MarkParked();
        await desk.Store.CommitAsync(work);
    }
}

public sealed class Invariant07_PoisonBlocksItsKeyOnlyOnSqlite : Invariant07_PoisonBlocksItsKeyOnly<OnSqlite>;

[Trait("on", "servers")]
public sealed class Invariant07_PoisonBlocksItsKeyOnlyOnPostgres : Invariant07_PoisonBlocksItsKeyOnly<OnPostgres>;

using Argosy.Chassis.Messaging;
using Argosy.Chassis.Tests.Store;
using FsCheck.Fluent;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Invariants;

/// <summary>InboxTests tells the cases one by one; here chance does.</summary>
public abstract class Invariant11_ADoAfterItsUndoHasNoEffect<TEngine>
    where TEngine : IEngine
{
    [Fact]
    public void A_do_after_its_undo_has_no_effect_whatever_fails_repeats_and_overtakes() =>
        Property.Holds(ArbMap.Default.ArbFor<int>(), HoldsAsync, 12);

    private static async Task<bool> HoldsAsync(int seed)
    {
        const int Orders = 15;
        var chance = new Random(seed);
        var failures = new Dictionary<string, int>(StringComparer.Ordinal);
        await using var desk = await Desk.OpenAsync<TEngine>((id, tries) => tries < failures[id]);
        var deliveries = new List<Envelope>();
        for (var order = 0; order < Orders; order++)
        {
            failures[$"do {order}"] = chance.Next(3) == 0 ? chance.Next(1, 12) : 0;      // from eight on it is dead
            failures[$"undo {order}"] = chance.Next(3) == 0 ? chance.Next(1, 5) : 0;
            for (var times = chance.Next(1, 3); times > 0; times--)
            {
                deliveries.Add(desk.Message($"order {order}", $"do {order}"));
                deliveries.Add(desk.Message($"order {order}", $"undo {order}", undoes: $"do {order}"));
            }
        }

        var shuffled = deliveries.ToArray();
        chance.Shuffle(shuffled);
        foreach (var some in shuffled.Chunk(6))
        {
            await Task.WhenAll(some.Select(desk.DeliverAsync));
            desk.Time.Advance(TimeSpan.FromSeconds(chance.Next(20)));
            await desk.RunDueAsync();
        }

        await desk.SettleAsync();
        for (var order = 0; order < Orders; order++)
        {
            var effects = await desk.EffectsAsync($"order {order}");
            effects[^1].ShouldBe($"undo {order}", $"seed {seed}");
            effects.SkipLast(1).ShouldAllBe(effect => effect == $"do {order}");
            effects.Count.ShouldBeLessThanOrEqualTo(2);
        }

        return await desk.CountAsync("bus_parked") == 0;
    }
}

public sealed class Invariant11_ADoAfterItsUndoHasNoEffectOnSqlite : Invariant11_ADoAfterItsUndoHasNoEffect<OnSqlite>;

[Trait("on", "servers")]
public sealed class Invariant11_ADoAfterItsUndoHasNoEffectOnPostgres : Invariant11_ADoAfterItsUndoHasNoEffect<OnPostgres>;

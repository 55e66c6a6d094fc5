using FsCheck.Fluent;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Invariants;

public sealed class Invariant06_MessagesOfAKeyKeepTheirOrder
{
    [Fact]
    public void Messages_of_a_key_keep_their_order_through_retries_and_repeats() =>
        Property.Holds(ArbMap.Default.ArbFor<int>(), KeepsOrderAsync, 12);

    private static async Task<bool> KeepsOrderAsync(int seed)
    {
        var chance = new Random(seed);
        var patience = Enumerable.Range(0, 120).ToDictionary(i => $"{i:000}", _ => chance.Next(3) == 0 ? chance.Next(1, 7) : 0, StringComparer.Ordinal);
        await using var desk = await Desk.OpenAsync((id, tries) => tries < patience[id]);
        foreach (var id in patience.Keys.Order(StringComparer.Ordinal))
        {
            var message = desk.Message($"key{chance.Next(6)}", id);
            await desk.DeliverAsync(message);
            if (chance.Next(3) == 0)
            {
                await desk.DeliverAsync(message);
            }

            if (chance.Next(4) == 0)
            {
                desk.Time.Advance(TimeSpan.FromMilliseconds(chance.Next(2000)));
                await desk.RunDueAsync();
            }
        }

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

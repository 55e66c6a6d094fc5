using Argosy.Chassis.Store;

namespace Argosy.Simulation;

/// <summary>
/// Makes a story that breaks a law as short as it goes (delta debugging, Zeller and Hildebrandt's ddmin). The protocol:
/// <list type="number">
/// <item>Leave out an order, a cancellation, a collection: it still breaks the same law without? Then it goes without.</item>
/// <item>Leave out faults, halves of them first, then ever smaller parts, down to single ones.</item>
/// <item>Let all heal earlier.</item>
/// <item>Begin again until nothing can be left out any more, or until it was told as often as is allowed.</item>
/// <item>Which is tried first decides where that ends: do all of it a few times, in other orders, and take the shortest.</item>
/// </list>
/// </summary>
internal sealed class Shrinker(Fleet fleet, Func<string, IStore, IStore>? sabotage = null)
{
    private const int MostTold = 250;
    private const int Attempts = 3;

    /// <summary>How many stories were told for it.</summary>
    public int Told { get; private set; }

    /// <summary>The shortest schedule of a seed that breaks the law that the seed breaks; null where the seed breaks none.</summary>
    public async Task<Schedule?> ShrinkAsync(int seed)
    {
        if (await BreaksAsync(seed, null, null) is not { } whole)
        {
            return null;
        }

        var shortest = whole;
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            var (chance, people, strikes) = (new Random(attempt), whole.People.ToArray(), whole.Strikes.ToArray());
            chance.Shuffle(people);
            chance.Shuffle(strikes);
            var shrunk = await ShrinkAsync(whole with { People = people, Strikes = strikes });
            shortest = SizeOf(shrunk) < SizeOf(shortest) ? shrunk : shortest;
        }

        return shortest with { Strikes = [.. shortest.Strikes.OrderBy(strike => strike.Turn)] };
    }

    private async Task<Schedule> ShrinkAsync(Schedule shortest)
    {
        for (var before = int.MaxValue; SizeOf(shortest) < before && Told < MostTold;)
        {
            before = SizeOf(shortest);
            shortest = await WithoutPeopleAsync(shortest);
            shortest = await WithoutStrikesAsync(shortest);
            shortest = await HealedEarlierAsync(shortest);
        }

        return shortest;
    }

    private static int SizeOf(Schedule schedule) =>
        schedule.Turns + (1000 * (schedule.Strikes.Count + schedule.People.Count + schedule.People.Count(wish => wish.Cancels) + schedule.People.Count(wish => wish.Collects)));

    private async Task<Schedule> WithoutPeopleAsync(Schedule schedule)
    {
        foreach (var wish in schedule.People)
        {
            List<Wish> Others() => [.. schedule.People.Where(other => other.Order != wish.Order)];
            schedule = await EitherAsync(schedule with { People = Others() }, schedule);
            foreach (var less in new Func<Wish, Wish>[] { one => one with { Cancels = false }, one => one with { Collects = false } })
            {
                if (schedule.People.FirstOrDefault(one => one.Order == wish.Order) is { } left && less(left) != left)
                {
                    schedule = await EitherAsync(schedule with { People = [.. schedule.People.Select(one => one == left ? less(one) : one)] }, schedule);
                }
            }
        }

        return schedule;
    }

    private async Task<Schedule> WithoutStrikesAsync(Schedule schedule)
    {
        for (var parts = 1; schedule.Strikes.Count > 0 && Told < MostTold;)
        {
            var size = Math.Max(1, schedule.Strikes.Count / parts);
            var isShorter = false;
            for (var at = 0; at < schedule.Strikes.Count; at += isShorter ? 0 : size)
            {
                var shorter = await EitherAsync(schedule with { Strikes = [.. schedule.Strikes.Take(at), .. schedule.Strikes.Skip(at + size)] }, schedule);
                isShorter = shorter.Strikes.Count < schedule.Strikes.Count;
                schedule = shorter;
            }

            if (size == 1)
            {
                break;
            }

            parts *= 2;
        }

        return schedule;
    }

    private async Task<Schedule> HealedEarlierAsync(Schedule schedule)
    {
        var last = schedule.Strikes.Count == 0 ? 0 : schedule.Strikes.Max(strike => strike.Turn);
        foreach (var turns in new[] { 0, last + 1, last + 50, last + 200 }.Where(turns => turns < schedule.Turns))
        {
            var earlier = await EitherAsync(schedule with { Turns = turns }, schedule);
            if (earlier != schedule)
            {
                return earlier;
            }
        }

        return schedule;
    }

    private async Task<Schedule> EitherAsync(Schedule shorter, Schedule otherwise) =>
        Told < MostTold && await BreaksAsync(shorter.Seed, shorter, shorter.Law) is { } broken && SizeOf(broken) < SizeOf(otherwise) ? broken : otherwise;

    /// <summary>What really struck, where the story breaks the law (or any, where none is named).</summary>
    private async Task<Schedule?> BreaksAsync(int seed, Schedule? schedule, string? law)
    {
        Told++;
        var misfortunes = new Misfortunes(schedule);
        try
        {
            await World.TellAsync(seed, fleet, Trace.Off, sabotage, misfortunes);
            return null;
        }
        catch (LawBrokenException e) when (law is null || e.Law == law)
        {
            // In the order in which they were given: what is tried first stays first.
            var order = schedule?.Strikes.Index().ToDictionary(one => (one.Item.Fault, one.Item.Where, one.Item.Nth), one => one.Index);
            var struck = misfortunes.Struck.OrderBy(strike => order?[(strike.Fault, strike.Where, strike.Nth)] ?? 0);
            var broken = Schedule.Of(seed, e.Law, Plan.OfSeed(seed), [.. struck]);
            return schedule is null ? broken : broken with { Turns = schedule.Turns, People = schedule.People };
        }
        catch (LawBrokenException)
        {
            return null;        // another law: another story
        }
    }
}

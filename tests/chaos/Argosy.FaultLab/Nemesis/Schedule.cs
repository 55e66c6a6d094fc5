using System.Globalization;
using Argosy.Cli.Engines;
using Argosy.Cli.Processes;
using Argosy.FaultLab.Fleets;
using Argosy.FaultLab.Proxy;

namespace Argosy.FaultLab.Nemesis;

/// <param name="At">After the run's beginning.</param>
/// <param name="For">How long, unless it ends by itself.</param>
/// <param name="Fault">What.</param>
internal sealed record Appointment(TimeSpan At, TimeSpan For, IFault Fault)
{
    public TimeSpan End => At + For;

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{At.TotalSeconds:0.0}–{End.TotalSeconds:0.0} s {Fault.Name}");
}

/// <summary>What there is to break.</summary>
/// <param name="Processes">Ours, without the provider.</param>
/// <param name="Engines">What they stand on.</param>
/// <param name="Links">Through proxies.</param>
/// <param name="Disks">Processes whose disk can be filled.</param>
/// <param name="Clocks">Processes whose clock can be stepped.</param>
internal sealed record Breakables(
    IReadOnlyList<string> Processes, IReadOnlyList<string> Engines, IReadOnlyList<LinkName> Links, IReadOnlyList<string> Disks, IReadOnlyList<string> Clocks)
{
    // In an order of their own: a seed means the same on every machine.
    public static Breakables Of(LabFleet fleet) => new(
        [.. fleet.Plans.Where(p => !p.IsEngine && p.Name != Catalog.Provider).Select(p => p.Name).Order(StringComparer.Ordinal)],
        [.. fleet.Plans.Where(p => p.IsEngine).Select(p => p.Name).Order(StringComparer.Ordinal)],
        [.. fleet.Links!.All.Keys.OrderBy(l => l.ToString(), StringComparer.Ordinal)],
        [.. fleet.Disks.Keys.Order(StringComparer.Ordinal)],
        [.. fleet.Clocks.Keys.Order(StringComparer.Ordinal)]);
}

/// <summary>
/// What happens in a run and when, all of it drawn from the seed before anything happens. Time is cut into periods; about a quarter of
/// them is quiet, in all others faults begin, one to four of them, and overlap.
/// </summary>
internal static class Schedule
{
    private const int MostAtOnce = 4;
    private const double QuietShare = 0.25;
    private static readonly TimeSpan ShortestPeriod = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan LongestPeriod = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Shortest = TimeSpan.FromSeconds(0.5);

    public static IReadOnlyList<Appointment> Draw(int seed, TimeSpan length, Breakables what)
    {
        var random = new Random(seed);
        var menu = new Menu(random, what, Clamp(length / 4, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30)));
        var period = Clamp(length / 6, ShortestPeriod, LongestPeriod);
        var quiet = Enumerable.Range(0, (int)Math.Ceiling(length / period)).Select(i => i > 0 && random.NextDouble() < QuietShare).ToArray();
        var appointments = new List<Appointment>();
        for (var i = 0; i < quiet.Length; i++)
        {
            // Nothing reaches into the next quiet period, or beyond the end.
            var next = Array.FindIndex(quiet, i, isQuiet => isQuiet);
            var limit = next < 0 ? length : period * next;
            for (var n = quiet[i] ? 0 : 1 + random.Next(MostAtOnce); n > 0; n--)
            {
                var at = (period * i) + (period * random.NextDouble());
                var (fault, from, to) = menu.Draw();
                var lasts = Clamp(from + ((to - from) * random.NextDouble()), Shortest, Clamp(limit - at, TimeSpan.Zero, LongestPeriod + LongestPeriod));
                var appointment = new Appointment(at, lasts, fault);
                if (lasts >= (fault is Halt or KeyRotation ? from : Shortest) && !appointments.Exists(other => Collide(other, appointment)))
                {
                    appointments.Add(appointment);
                }
            }
        }

        return [.. appointments.OrderBy(a => a.At)];
    }

    private static bool Collide(Appointment one, Appointment other) =>
        one.At < other.End && other.At < one.End && one.Fault.Touches.Intersect(other.Fault.Touches, StringComparer.Ordinal).Any();

    private static TimeSpan Clamp(TimeSpan value, TimeSpan from, TimeSpan to) => value < from ? (from < to ? from : to) : value > to ? to : value;
}

/// <summary>All that can be done, and how often which of it.</summary>
internal sealed class Menu(Random random, Breakables what, TimeSpan longest)
{
    private readonly IReadOnlyList<(int Weight, Func<IFault> Make)> _dishes = Dishes(random, what, longest);

    // Whoever stands still for less may not be missed; for more, everybody has given up on it.
    private static readonly TimeSpan ShortestHalt = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestHalt = TimeSpan.FromSeconds(30);

    // It is over when it is answered: another key is made meanwhile, half a second of a processor that everybody wants.
    private static readonly TimeSpan ShortestRotation = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan LongestRotation = TimeSpan.FromSeconds(20);

    /// <summary>What is done, and for how long, from and to.</summary>
    public (IFault Fault, TimeSpan From, TimeSpan To) Draw()
    {
        var left = random.Next(_dishes.Sum(d => d.Weight));
        foreach (var (weight, make) in _dishes)
        {
            if ((left -= weight) < 0)
            {
                var fault = make();
                return fault switch
                {
                    Halt => (fault, ShortestHalt, LongestHalt),
                    KeyRotation => (fault, ShortestRotation, LongestRotation),
                    _ => (fault, longest * 0.3, longest),
                };
            }
        }

        throw new InvalidOperationException("a menu has no dishes");
    }

    private static List<(int, Func<IFault>)> Dishes(Random random, Breakables what, TimeSpan longest)
    {
        List<(int, Func<IFault>)> dishes =
        [
            (18, () => new Kill(Process())),
            (12, () => new Halt(Process())),
            (8, () => new RestartLoop(Process(), TimeSpan.FromSeconds(0.3 + (random.NextDouble() * 2)))),
            (4, () => new Kill(Catalog.Provider)),
            (2, () => new Halt(Catalog.Provider)),
            (8, () => new BadWeather("slow", Where(), Weather.Both(new Flow { Latency = Milliseconds(50, 1500), Jitter = Milliseconds(0, 1000) }))),
            (4, () => new BadWeather("narrow", Where(), Weather.Both(new Flow { BytesPerSecond = random.Next(500, 20_000) }))),
            (7, () => new BadWeather("silent", Where(), Weather.Both(new Flow { IsSilent = true }))),
            (6, () => new BadWeather("deaf", Where(), new Weather(new Flow { IsSilent = true }, Flow.Free))),
            (8, () => new BadWeather("mute", Where(), new Weather(Flow.Free, new Flow { IsSilent = true }))),
            (5, () => new BadWeather("cut", Where(), new Weather(Flow.Free, Flow.Free, IsCut: true))),
            (6, () => new Resets(Where(), Milliseconds(50, 800))),
            (4, () => new HalfCloses(Where(), random.Next(2) == 0, Milliseconds(100, 1000))),
            (5, () => Provider("slow", ("latencyMs", random.Next(200, 4000)), ("latencyJitterMs", random.Next(0, 2000)))),
            (5, () => Provider("refuses", ("refuseRate", 0.5 + (random.NextDouble() / 2)))),
            (5, () => Provider("charges and answers 500", ("errorAfterRate", 0.5 + (random.NextDouble() / 2)))),
            (5, () => Provider("charges and says nothing", ("silenceRate", 0.3 + (random.NextDouble() / 2)))),
            (4, () => new WebhookStorm(random.Next(5, 40))),
            (3, () => new KeyRotation()),
        ];
        if (what.Engines.Count > 0)
        {
            dishes.AddRange(
            [
                (6, () => new Kill(Engine())),
                (6, () => new Restart(Engine())),
                (6, () => new Halt(Engine())),
            ]);
        }

        if (what.Engines.Contains(RedisEngine.Name))
        {
            dishes.Add((4, () => new RedisFlush()));
        }

        if (what.Disks.Count > 0)
        {
            dishes.Add((5, () => new DiskFull(Pick(what.Disks))));
        }

        if (what.Clocks.Count > 0)
        {
            dishes.Add((6, () => new ClockStep(Pick(what.Clocks), Step())));
        }

        return dishes;

        // Mostly what a clock may be off without anybody refusing a token or a webhook; now and then minutes, past deadlines of sagas.
        int Step() => random.Next(3) == 0 ? random.Next(-400, 401) : random.Next(1, 26) * (random.Next(2) == 0 ? 1 : -1);
        string Process() => Pick(what.Processes);
        string Engine() => Pick(what.Engines);
        T Pick<T>(IReadOnlyList<T> from) => from[random.Next(from.Count)];
        TimeSpan Milliseconds(int from, int to) => TimeSpan.FromMilliseconds(Math.Min(random.Next(from, to + 1), longest.TotalMilliseconds));

        // One link, or all of a process: to it, from it.
        IReadOnlyList<LinkName> Where()
        {
            var link = Pick(what.Links);
            return random.Next(4) switch
            {
                0 => [.. what.Links.Where(l => l.To == link.To)],
                1 => [.. what.Links.Where(l => l.From == link.From)],
                _ => [link],
            };
        }

        static BadProvider Provider(string how, params (string Knob, double Value)[] knobs) => new(how, knobs.ToDictionary(k => k.Knob, k => k.Value, StringComparer.Ordinal));
    }
}

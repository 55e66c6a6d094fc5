using System.Globalization;
using System.Text;

namespace Argosy.FaultLab.CrashPoints;

/// <summary>How often, and when again.</summary>
internal enum Mode
{
    Once,
    Twice,
    InRecovery,
}

/// <summary>One case of crashing: who dies where, how often, while what goes on.</summary>
internal sealed record Combination(CrashPoint Point, Mode Mode, Outcome Outcome)
{
    /// <summary>All that there are, in an order that stays: what an errand doesn't lead to isn't among them.</summary>
    public static IReadOnlyList<Combination> All { get; } =
    [
        .. from outcome in Outcome.All
           from point in CrashPoint.All
           where (point.By & outcome.Reaches) != Reaches.Nothing
           from mode in Enum.GetValues<Mode>()
           select new Combination(point, mode, outcome),
    ];

    /// <summary>What ends each life, one after the other.</summary>
    public IReadOnlyList<string> Lives(int seed)
    {
        var hit = 1 + (int)(Draw(seed) % (uint)Point.Passes);
        var first = string.Create(CultureInfo.InvariantCulture, $"{Point.Name}:{hit}");
        return Mode switch
        {
            Mode.Once => [first],
            Mode.Twice => [first, string.Create(CultureInfo.InvariantCulture, $"{Point.Name}:{Point.Second(hit)}")],
            _ => [first, .. Point.Recovery],
        };
    }

    /// <summary>What pairs are made of.</summary>
    public IReadOnlyList<string> Factors => [Point.Process, Point.Name, Mode.ToString(), Outcome.Name];

    public override string ToString() => $"{Point}, {Mode switch { Mode.Once => "once", Mode.Twice => "twice", _ => "and in its recovery" }}, {Outcome.Name}";

    // The same for the same seed, on every machine: a combination that failed is run again as it was. (FNV-1a)
    private uint Draw(int seed) => Encoding.UTF8.GetBytes($"{seed} {this}").Aggregate(2166136261, (hash, next) => unchecked((hash ^ next) * 16777619));
}

namespace Argosy.Simulation;

/// <summary>How bad the world is, in chances for each time that it could happen. The seed draws them; when all heals they are zero.</summary>
internal sealed class Faults
{
    /// <summary>A read meets a mistake in the code that is not transient.</summary>
    public double Bugs { get; set; }

    /// <summary>A read or a commit finds the database away.</summary>
    public double Outages { get; set; }

    /// <summary>A commit's outcome is not known: half of them are in.</summary>
    public double Unknowns { get; set; }

    /// <summary>A request never arrives, and its sender waits in vain.</summary>
    public double Losses { get; set; }

    /// <summary>A connection breaks at once: before the request arrives, or before its answer does.</summary>
    public double Breaks { get; set; }

    /// <summary>A request arrives once more, some time later.</summary>
    public double Repeats { get; set; }

    /// <summary>A packet takes seconds instead of milliseconds.</summary>
    public double Delays { get; set; }

    /// <summary>In each turn, a process is killed.</summary>
    public double Kills { get; set; }

    /// <summary>In each turn, a wall clock jumps by up to an hour either way.</summary>
    public double Jumps { get; set; }

    /// <summary>The transport takes batches apart and brings their messages in any order, as a broker with several queues may.</summary>
    public bool Wild { get; set; }

    /// <summary>A world for a story: in most of them some things are fine, so that what is broken shows by itself too.</summary>
    public static Faults Draw(Random chance) => new()
    {
        Bugs = Some(chance, 0.03),
        Outages = Some(chance, 0.03),
        Unknowns = Some(chance, 0.05),
        Losses = Some(chance, 0.1),
        Breaks = Some(chance, 0.15),
        Repeats = Some(chance, 0.3),
        Delays = Some(chance, 0.2),
        Kills = Some(chance, 0.006),
        Jumps = Some(chance, 0.003),
        Wild = chance.Next(3) == 0,
    };

    /// <summary>From now on everything works. The transport stays what it is.</summary>
    public void Heal() => (Bugs, Outages, Unknowns, Losses, Breaks, Repeats, Delays, Kills, Jumps) = (0, 0, 0, 0, 0, 0, 0, 0, 0);

    public override string ToString() =>
        $"bugs {Bugs:0.000}, outages {Outages:0.000}, unknowns {Unknowns:0.000}, losses {Losses:0.000}, breaks {Breaks:0.000}, repeats {Repeats:0.000}, "
        + $"delays {Delays:0.000}, kills {Kills:0.0000}, jumps {Jumps:0.0000}{(Wild ? ", any order" : "")}";

    private static double Some(Random chance, double most) => chance.Next(2) == 0 ? 0 : most * chance.NextDouble();
}

using FsCheck;
using FsCheck.Fluent;

namespace Argosy.Chassis.Tests.Sagas;

/// <summary>What a participant does with a do.</summary>
internal enum DoConduct
{
    Willing,
    Refuses,
    Slow,
    Mute,
}

/// <summary>What a participant does with an undo.</summary>
internal enum UndoConduct
{
    Willing,
    RefusesTwice,
    RefusesAlways,
    Slow,
    Mute,
}

/// <summary>A saga's shape, its participants, and what the world does to them: each number of the fate is one move of <see cref="SagaWorld"/>.</summary>
internal sealed record SagaScenario(int Steps, int Pivot, int Retriable, int UndoAttempts, DoConduct[] Do, UndoConduct[] Undo, int[] Fate)
{
    private const int Most = 4;

    public static Arbitrary<SagaScenario> Any { get; } = Arb.From(
        from steps in Gen.Choose(1, Most)
        from pivot in Gen.Frequency((2, Gen.Constant(0)), (1, Gen.Choose(1, steps)))
        from retriable in Gen.Frequency((2, Gen.Constant(0)), (1, Gen.Choose(0, (1 << Most) - 1)))
        from attempts in Gen.Choose(1, 3)
        from @do in Gen.Frequency(
            (12, Gen.Constant(DoConduct.Willing)), (1, Gen.Constant(DoConduct.Refuses)),
            (2, Gen.Constant(DoConduct.Slow)), (1, Gen.Constant(DoConduct.Mute))).ArrayOf(Most)
        from undo in Gen.Frequency(
            (8, Gen.Constant(UndoConduct.Willing)), (2, Gen.Constant(UndoConduct.RefusesTwice)), (1, Gen.Constant(UndoConduct.RefusesAlways)),
            (2, Gen.Constant(UndoConduct.Slow)), (1, Gen.Constant(UndoConduct.Mute))).ArrayOf(Most)
        from fate in Gen.Choose(0, 99_999).ArrayOf()
        select new SagaScenario(steps, pivot, retriable, attempts, @do, undo, fate),
        Shrink);

    public bool IsRetriable(int step) => (Retriable & (1 << (step - 1))) != 0 || (Pivot > 0 && step > Pivot);

    /// <summary>The last step that has an undo: if that is refused, everything stands.</summary>
    public int Decisive => Pivot > 0 ? Pivot : Steps;

    public override string ToString() =>
        $"steps {Steps}, pivot {Pivot}, retriable {Retriable}, attempts {UndoAttempts}, do [{string.Join(' ', Do)}], undo [{string.Join(' ', Undo)}], "
        + $"fate [{string.Join(' ', Fate)}]";

    // Fewer moves first: halves, then one by one.
    private static IEnumerable<SagaScenario> Shrink(SagaScenario scenario)
    {
        var fate = scenario.Fate;
        for (var size = fate.Length / 2; size >= 1; size /= 2)
        {
            for (var from = 0; from + size <= fate.Length; from += size)
            {
                yield return scenario with { Fate = [.. fate[..from], .. fate[(from + size)..]] };
            }
        }
    }
}

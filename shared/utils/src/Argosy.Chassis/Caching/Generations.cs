namespace Argosy.Chassis.Caching;

/// <summary>
/// A count for each name, raised when the name is invalidated: what was read under another count is outdated. Names share a fixed
/// number of counts, so that memory is bounded; a count that is raised for another name costs a needless load and nothing else.
/// </summary>
internal sealed class Generations
{
    private const int Slots = 4096;

    private readonly long[] _counts = new long[Slots];

    public void Raise(string name) => Interlocked.Increment(ref _counts[SlotOf(name)]);

    /// <summary>The counts of these names now. Taken before something is read, and compared before it is believed.</summary>
    public Stamp Of(IReadOnlyList<string> names)
    {
        var slots = new int[names.Count];
        var counts = new long[names.Count];
        for (var i = 0; i < slots.Length; i++)
        {
            slots[i] = SlotOf(names[i]);
            counts[i] = Volatile.Read(ref _counts[slots[i]]);
        }

        return new Stamp(this, slots, counts);
    }

    private static int SlotOf(string name) => (int)(Fnv1a.Of(name) % Slots);

    internal sealed class Stamp(Generations generations, int[] slots, long[] counts)
    {
        public bool IsCurrent
        {
            get
            {
                for (var i = 0; i < slots.Length; i++)
                {
                    if (Volatile.Read(ref generations._counts[slots[i]]) != counts[i])
                    {
                        return false;
                    }
                }

                return true;
            }
        }
    }
}

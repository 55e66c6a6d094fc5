namespace Argosy.Cli.Reconcile;

/// <summary>
/// Tells what stays from what passes. Everybody is read at another instant, and messages are on their way between them: a difference is
/// one only when every reading for so long has found it, in the same words. At most twice as long, counted from the end of the first reading,
/// however long that one took: under load there is always something on its way.
/// </summary>
internal sealed class Persistence(TimeSpan stands, TimeProvider time)
{
    private readonly Dictionary<Difference, long> _since = [];
    private long? _first;

    /// <summary>Notes a reading. True where there is nothing more to wait for: every difference has stood long enough, or the time is up.</summary>
    public bool Note(IReadOnlyList<Difference> found)
    {
        var now = time.GetTimestamp();
        foreach (var gone in _since.Keys.Except(found).ToList())
        {
            _since.Remove(gone);
        }

        foreach (var one in found)
        {
            _since.TryAdd(one, now);
        }

        _first ??= now;
        return _since.Values.All(since => time.GetElapsedTime(since, now) >= stands) || time.GetElapsedTime(_first.Value, now) >= stands * 2;
    }

    /// <summary>Those that have stood long enough.</summary>
    public IReadOnlyList<Difference> Standing()
    {
        var now = time.GetTimestamp();
        return [.. _since.Where(one => time.GetElapsedTime(one.Value, now) >= stands).Select(one => one.Key)];
    }
}

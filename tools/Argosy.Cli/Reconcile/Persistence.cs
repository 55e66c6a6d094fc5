namespace Argosy.Cli.Reconcile;

/// <summary>
/// Tells what stays from what passes. Everybody is read at another instant, and messages are on their way between them: a difference is
/// one only when every reading for so long has found it, in the same words.
/// </summary>
internal sealed class Persistence(TimeSpan stands, TimeProvider time)
{
    private readonly Dictionary<Difference, long> _since = [];

    /// <summary>Notes a reading. True where there is nothing more to wait for: every difference has stood long enough.</summary>
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

        return _since.Values.All(since => time.GetElapsedTime(since, now) >= stands);
    }

    /// <summary>Those that have stood long enough.</summary>
    public IReadOnlyList<Difference> Standing()
    {
        var now = time.GetTimestamp();
        return [.. _since.Where(one => time.GetElapsedTime(one.Value, now) >= stands).Select(one => one.Key)];
    }
}

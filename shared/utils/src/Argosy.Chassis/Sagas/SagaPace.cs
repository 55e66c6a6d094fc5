namespace Argosy.Chassis.Sagas;

/// <summary>When a saga of some type was last completed, and when last one that had not waited for long.</summary>
internal sealed class SagaPace
{
    /// <summary>From its start on; a saga's steps are a matter of milliseconds.</summary>
    public static readonly TimeSpan Slow = TimeSpan.FromSeconds(2);

    private long _any;
    private long _fast;

    /// <summary>The last one, in milliseconds since 1970; 0 for none.</summary>
    public long Any => Volatile.Read(ref _any);

    /// <summary>The last one that took less than <see cref="Slow"/>.</summary>
    public long Fast => Volatile.Read(ref _fast);

    public void Note(long start, long now)
    {
        Volatile.Write(ref _any, now);
        if (now - start < Slow.TotalMilliseconds)
        {
            Volatile.Write(ref _fast, now);
        }
    }
}

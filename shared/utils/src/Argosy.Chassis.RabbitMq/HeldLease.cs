using Argosy.Chassis.Store;

namespace Argosy.Chassis.RabbitMq;

/// <summary>A lease that is renewed in time, as long as somebody asks whether it is held. Whoever doesn't ask lets it run out.</summary>
internal sealed class HeldLease
{
    private readonly IStore _store;
    private readonly TimeSpan _duration;
    private readonly TimeProvider _time;
    private long _renewed;

    private HeldLease(IStore store, Lease lease, long asked, TimeSpan duration, TimeProvider time) =>
        (_store, Lease, _renewed, _duration, _time) = (store, lease, asked, duration, time);

    public Lease Lease { get; }

    /// <summary>Null where another instance holds it.</summary>
    public static async Task<HeldLease?> ClaimAsync(IStore store, string name, string owner, TimeSpan duration, TimeProvider time, CancellationToken cancellation)
    {
        var asked = time.GetTimestamp();        // from before the question, so that ours ends before the database's does
        return await store.ClaimAsync(name, owner, duration, cancellation) is { } lease ? new HeldLease(store, lease, asked, duration, time) : null;
    }

    /// <summary>How often to ask.</summary>
    public static TimeSpan RenewEvery(TimeSpan duration) => duration / 3;

    /// <summary>Whether it is still held without a break, renewed where a third of its time has passed.</summary>
    public async Task<bool> HoldsAsync(CancellationToken cancellation)
    {
        if (_time.GetElapsedTime(_renewed) < RenewEvery(_duration))
        {
            return true;
        }

        var asked = _time.GetTimestamp();
        var renewed = await _store.ClaimAsync(Lease.Name, Lease.Owner, _duration, cancellation);
        _renewed = asked;
        return renewed?.Epoch == Lease.Epoch;
    }

    /// <summary>Gives it up, if the database takes it soon; else it runs out.</summary>
    public async Task ReleaseAsync()
    {
        using var soon = new CancellationTokenSource(RenewEvery(_duration), _time);
        try
        {
            await _store.ReleaseAsync(Lease, soon.Token);
        }
        catch (Exception e) when (e is OperationCanceledException or CommitException || _store.IsTransient(e))
        {
            // The database is away: the lease runs out by its clock.
        }
    }
}

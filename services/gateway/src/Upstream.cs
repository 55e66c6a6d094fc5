using Argosy.Chassis.Hosting.Shedding;
using Argosy.Chassis.Resilience;

namespace Argosy.Gateway;

/// <summary>
/// A service behind the gateway: its instances, and how many of our requests it has. Both gates refuse at once what would otherwise
/// wait: one slow or silent service must not hold up the others.
/// </summary>
internal sealed class Upstream(Instances instances, TimeProvider time, bool oneNameForAll = false)
{
    /// <summary>Requests that one service may have at a time. The 513th is told to come back.</summary>
    public const int MaxRequests = 512;

    /// <summary>Live streams that one service may have at a time, apart from its requests: they last.</summary>
    public const int MaxStreams = 2048;

    private readonly UpstreamInstance[] _instances = [.. instances.All.Select(instance => new UpstreamInstance(instance, time, oneNameForAll ? null : new ClosedDoor(time)))];
    private int _requests;
    private int _streams;

    public string Name => instances.Name;

    /// <summary>Whose readiness is asked for, where there are several.</summary>
    public Instances Instances => instances;

    /// <summary>What the last requests to it showed; true before the first.</summary>
    public bool IsReachable => _instances.Any(instance => instance.IsReachable);

    /// <summary>Whom to send a request to, and whom where that one takes no connection: round robin over the ready ones that aren't known to be silent.</summary>
    public IEnumerable<UpstreamInstance> InTurn() => instances.InTurn().Select(instance => _instances[instance.Index]).Where(instance => instance.MayTry());

    /// <summary>Takes a place; whoever gets one gives it back by <see cref="Leave"/>.</summary>
    public bool TryEnter(bool stream)
    {
        ref var places = ref stream ? ref _streams : ref _requests;
        if (Interlocked.Increment(ref places) <= (stream ? MaxStreams : MaxRequests))
        {
            return true;
        }

        Interlocked.Decrement(ref places);
        return false;
    }

    public void Leave(bool stream) => Interlocked.Decrement(ref stream ? ref _streams : ref _requests);
}

/// <summary>One instance of a service, and whether it can be reached.</summary>
internal sealed class UpstreamInstance(Instance instance, TimeProvider time, ClosedDoor? door = null)
{
    // As long as Retry-After says.
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private const long Never = long.MinValue;

    private int _reachable = 1;
    private long _silentSince = Never;

    /// <summary>The address without a slash at its end.</summary>
    public string Prefix { get; } = instance.Address.AbsoluteUri.TrimEnd('/');

    /// <summary>Whom it has said that it refuses; null where the name may stand for several, of which one speaks for itself only.</summary>
    public ClosedDoor? Door => door;

    /// <summary>What the last request to it showed; true before the first.</summary>
    public bool IsReachable => Volatile.Read(ref _reachable) == 1;

    /// <summary>
    /// The breaker. A refused connection costs nothing and is tried anew each time, so that a restarted service is back at once. One
    /// that timed out costs <see cref="Forwarding.ConnectTimeout"/>: for a second after it, nobody else tries; then one does.
    /// </summary>
    public bool MayTry()
    {
        var since = Volatile.Read(ref _silentSince);
        return since == Never
            || (time.GetElapsedTime(since) >= Pause && Interlocked.CompareExchange(ref _silentSince, time.GetTimestamp(), since) == since);
    }

    /// <summary>Learns from how a request ended, where that says anything about the instance. That it is ready again, its own word says.</summary>
    public void Note(Ended ended)
    {
        if (ended is Ended.Answered or Ended.InvalidAnswer or Ended.Unreachable or Ended.ConnectTimedOut)
        {
            var reachable = ended is Ended.Answered or Ended.InvalidAnswer;
            Volatile.Write(ref _reachable, reachable ? 1 : 0);
            instance.IsReady &= reachable;
            Volatile.Write(ref _silentSince, ended == Ended.ConnectTimedOut ? time.GetTimestamp() : Never);
        }
    }
}

namespace Argosy.Chassis.Resilience;

/// <summary>
/// When the answer stops being useful. It is set where work enters the process, flows with the work, is sent along with every call
/// that the work makes, and nobody waits longer than it. Measured on the monotonic clock, so that a jumping wall clock changes nothing.
/// </summary>
public sealed class Deadline
{
    /// <summary>The header that carries the remaining milliseconds from caller to callee.</summary>
    public const string Header = "X-Deadline-Ms";

    private static readonly AsyncLocal<Deadline?> Ambient = new();

    private readonly TimeProvider _time;
    private readonly long _start;
    private readonly TimeSpan _budget;

    private Deadline(TimeProvider time, TimeSpan budget)
    {
        _time = time;
        _start = time.GetTimestamp();
        _budget = budget;
    }

    /// <summary>The deadline of the work that is being done, if it has one.</summary>
    public static Deadline? Current => Ambient.Value;

    /// <summary>What is left; never negative.</summary>
    public TimeSpan Remaining
    {
        get
        {
            var left = _budget - _time.GetElapsedTime(_start);
            return left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }
    }

    /// <summary>Whether nobody waits any more.</summary>
    public bool HasPassed => Remaining == TimeSpan.Zero;

    /// <summary>A deadline so much from now, or the current one where that comes first: inner work never outlives outer work.</summary>
    public static Deadline After(TimeSpan budget, TimeProvider time) =>
        Current is { } outer && outer.Remaining < budget ? outer : new Deadline(time, budget);

    /// <summary>Makes this the deadline of everything that is started until the result is disposed.</summary>
    public IDisposable Enter()
    {
        var before = Ambient.Value;
        Ambient.Value = this;
        return new Scope(before);
    }

    private sealed class Scope(Deadline? before) : IDisposable
    {
        public void Dispose() => Ambient.Value = before;
    }
}

namespace Argosy.Chassis.Resilience;

/// <summary>
/// Keeps retries a small part of the traffic, so that an overloaded dependency isn't asked three times by everyone at once (Google SRE,
/// "Handling overload"; Finagle's RetryBudget). Each call earns a fifth of a retry, a second earns one for callers that call rarely.
/// </summary>
public sealed class RetryBudget(TimeProvider time)
{
    /// <summary>Retries that a call earns.</summary>
    public const double PerCall = 0.2;

    /// <summary>Retries that a second earns.</summary>
    public const double PerSecond = 1;

    /// <summary>What can be saved up, and what there is at first.</summary>
    public const double Most = 10;

    private readonly Lock _gate = new();
    private double _saved = Most;
    private long _last = time.GetTimestamp();

    /// <summary>A call is made for the first time.</summary>
    public void Called()
    {
        lock (_gate)
        {
            Earn();
            _saved = Math.Min(Most, _saved + PerCall);
        }
    }

    /// <summary>Takes one retry out of the budget, if there is one.</summary>
    public bool TryRetry()
    {
        lock (_gate)
        {
            Earn();
            if (_saved < 1)
            {
                return false;
            }

            _saved--;
            return true;
        }
    }

    private void Earn()
    {
        var now = time.GetTimestamp();
        _saved = Math.Min(Most, _saved + time.GetElapsedTime(_last, now).TotalSeconds * PerSecond);
        _last = now;
    }
}

namespace Argosy.Chassis.Store;

/// <summary>What became of a write set.</summary>
public enum CommitResult
{
    /// <summary>All of it is durable.</summary>
    Committed,

    /// <summary>Its inbox row was there already: the message has had its effect. Acknowledge.</summary>
    Duplicate,

    /// <summary>A guard did not hold. Decide again on fresh reads; this is not a failure.</summary>
    Conflict,

    /// <summary>A statement was refused, for a reason of its own. Nothing of the set is in.</summary>
    Failed,

    /// <summary>The disk or the connection failed at COMMIT: it may be in or not. Never retried blindly.</summary>
    Unknown,
}

/// <summary>The fate of a write set, and the error behind it where there is one.</summary>
public readonly record struct CommitOutcome(CommitResult Result, Exception? Error = null)
{
    /// <summary>Returns on <see cref="CommitResult.Committed"/> and <see cref="CommitResult.Duplicate"/>, throws <see cref="CommitException"/> otherwise.</summary>
    public void Ensure()
    {
        if (Result is not (CommitResult.Committed or CommitResult.Duplicate))
        {
            throw new CommitException(this);
        }
    }
}

/// <summary>A write set did not commit and its owner has no other way on.</summary>
public sealed class CommitException(CommitOutcome outcome)
    : Exception($"The write set ended as {outcome.Result}{(outcome.Error is { } error ? $": {error.Message}" : ".")}", outcome.Error)
{
    /// <summary>How it ended.</summary>
    public CommitResult Result { get; } = outcome.Result;
}

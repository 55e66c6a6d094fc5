namespace Argosy.Gateway;

/// <summary>How a request ended here. Who answered with what status is not a failure, whatever the status.</summary>
internal enum Ended
{
    /// <summary>The upstream's answer was passed on.</summary>
    Answered,

    /// <summary>It was turned away at the door, or nothing is at its path.</summary>
    Refused,

    /// <summary>It was turned away because this process is late with everything, or the instance refuses everybody; there are many of these, and a metric counts them.</summary>
    Shed,

    /// <summary>The upstream has as many requests as it takes at a time.</summary>
    Busy,

    /// <summary>The upstream was silent a moment ago, and was not tried.</summary>
    NotTried,

    /// <summary>Nobody took the connection, or it broke before an answer began.</summary>
    Unreachable,

    /// <summary>Nobody took the connection within <see cref="Forwarding.ConnectTimeout"/>: every further attempt would cost as much.</summary>
    ConnectTimedOut,

    /// <summary>The upstream was too slow.</summary>
    TimedOut,

    /// <summary>What came back is no HTTP.</summary>
    InvalidAnswer,

    /// <summary>The client's body was too large, too slow or broken.</summary>
    BadBody,

    /// <summary>The client went away.</summary>
    ClientGone,

    /// <summary>The answer broke after it had begun, so that nothing more can be said to the client.</summary>
    Truncated,

    /// <summary>A bug of ours.</summary>
    Failed,
}

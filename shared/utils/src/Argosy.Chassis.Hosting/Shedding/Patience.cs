namespace Argosy.Chassis.Hosting.Shedding;

/// <summary>
/// How old a request may get before its work begins. A queue that empties now and then is a burst, and bursts are what queues are for; one
/// that has stood for <see cref="Interval"/> only makes everybody late, and is cut to little (CoDel, RFC 8289, as Facebook uses it for
/// requests: ACM Queue 13/8, "Fail at Scale"). Whom it costs most to turn away waits longest.
/// </summary>
internal static class Patience
{
    /// <summary>From this on a queue that has never been empty is one that stands.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>Writes are begun as long as the commit pipeline is no further behind.</summary>
    public static readonly TimeSpan Commits = TimeSpan.FromSeconds(2);

    /// <summary>As long as the shortest of them is kept, nobody is late.</summary>
    public static readonly TimeSpan Shortest = Standing(Priority.Exports);

    /// <summary>In a queue that stands.</summary>
    public static TimeSpan Standing(Priority priority) => priority switch
    {
        Priority.PaymentResults => TimeSpan.FromSeconds(3),
        Priority.Checkout => TimeSpan.FromMilliseconds(600),
        Priority.Reads => TimeSpan.FromMilliseconds(300),
        _ => TimeSpan.FromMilliseconds(150),
    };

    /// <summary>In any queue.</summary>
    public static TimeSpan Of(Priority priority, bool stands) => stands || priority == Priority.PaymentResults ? Standing(priority) : Interval;
}

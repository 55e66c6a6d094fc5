using System.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Argosy.Chassis.Store;

/// <summary>A write set on its way through a commit pipeline: taken by the writer or cancelled by its owner, whichever is first.</summary>
internal sealed partial class PendingSet(WriteSet work)
{
    private int _taken;

    public WriteSet Work { get; } = work;

    /// <summary>When it was handed in.</summary>
    public long Since { get; } = Stopwatch.GetTimestamp();

    public CommitOutcome Outcome { get; set; }

    public TaskCompletionSource<CommitOutcome> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public bool TryTake() => Interlocked.Exchange(ref _taken, 1) == 0;

    public void Cancel(CancellationToken cancellation)
    {
        if (TryTake())
        {
            Done.SetCanceled(cancellation);
        }
    }

    /// <summary>The group has ended: runs what its sets want afterwards, tells their owners, and returns whether relays or the parked have work now.</summary>
    public static (bool Publishes, bool Parks) Tell(IReadOnlyList<PendingSet> group, ILogger log)
    {
        var (publishes, parks) = (false, false);
        foreach (var set in group)
        {
            StoreTelemetry.Ended(set.Outcome.Result);
            if (set.Outcome.Result is CommitResult.Committed or CommitResult.Unknown)
            {
                publishes |= set.Work.Publishes;
                parks |= set.Work.Parks;
            }

            foreach (var afterwards in set.Work.After(set.Outcome.Result))
            {
                Run(afterwards, log);
            }

            set.Done.SetResult(set.Outcome);
        }

        return (publishes, parks);
    }

    // Whoever wants to be woken wants that of a commit that is done: what goes wrong in it ends neither the commit nor the pipeline.
    private static void Run(Action afterwards, ILogger log)
    {
        try
        {
            afterwards();
        }
        catch (Exception e)
        {
            LogAfterwards(log, e);
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "What was to happen after a commit failed; the commit stands")]
    private static partial void LogAfterwards(ILogger logger, Exception error);
}

namespace Argosy.Chassis.Store;

/// <summary>A write set on its way through a commit pipeline: taken by the writer or cancelled by its owner, whichever is first.</summary>
internal sealed class PendingSet(WriteSet work)
{
    private int _taken;

    public WriteSet Work { get; } = work;

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
}

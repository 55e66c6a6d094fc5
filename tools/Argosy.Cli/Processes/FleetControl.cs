namespace Argosy.Cli.Processes;

/// <summary>What the launcher does when another verb asks.</summary>
internal sealed class FleetControl(Fleet fleet)
{
    private readonly TaskCompletionSource _stopAsked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<StopSummary> _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>All processes have been ready once.</summary>
    public bool Started { get; set; }

    /// <summary>Completes when somebody ran `down`.</summary>
    public Task StopAsked => _stopAsked.Task;

    public void HasStopped(StopSummary summary) => _stopped.TrySetResult(summary);

    public async Task<ControlReply> AnswerAsync(ControlRequest request, CancellationToken ct)
    {
        try
        {
            StopSummary? summary = null;
            switch (request.Verb)
            {
                case ControlVerb.Restart:
                    await fleet.RestartAsync(request.Process!, ct);
                    break;
                case ControlVerb.Stop:
                    _stopAsked.TrySetResult();
                    summary = await _stopped.Task;
                    break;
            }

            return new ControlReply(null, Environment.ProcessId, Started, fleet.Status, summary);
        }
        catch (Refusal refusal)
        {
            return new ControlReply(refusal.Message, Environment.ProcessId, Started, fleet.Status);
        }
    }
}

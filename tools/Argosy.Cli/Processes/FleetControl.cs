namespace Argosy.Cli.Processes;

/// <summary>What the launcher does when another verb asks.</summary>
internal sealed class FleetControl(Fleet fleet, EngineNote engines)
{
    private readonly TaskCompletionSource _stopAsked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<StopSummary> _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _started = -1;

    /// <summary>After how long all processes were ready for the first time; null before.</summary>
    public TimeSpan? Started => Volatile.Read(ref _started) is var ticks and >= 0 ? TimeSpan.FromTicks(ticks) : null;

    /// <summary>Completes when somebody ran `down`.</summary>
    public Task StopAsked => _stopAsked.Task;

    public void HasStarted(TimeSpan after) => Volatile.Write(ref _started, after.Ticks);

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

            return new ControlReply(null, Environment.ProcessId, Started, fleet.Status, engines, summary);
        }
        catch (Refusal refusal)
        {
            return new ControlReply(refusal.Message, Environment.ProcessId, Started, fleet.Status, engines);
        }
    }
}

namespace Argosy.Probe;

/// <summary>What <c>POST /say</c> takes and logs.</summary>
internal sealed record Said(string Who, string What);

/// <summary>A background worker with a bug.</summary>
internal sealed class DyingWorker(TimeProvider time) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Delay(TimeSpan.FromMilliseconds(200), time, stoppingToken);
        throw new InvalidOperationException("The worker dies.");
    }
}

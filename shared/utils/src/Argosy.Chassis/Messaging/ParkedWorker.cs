using Argosy.Chassis.Store;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Argosy.Chassis.Messaging;

/// <summary>
/// Runs parked messages when they are due: retries, and messages scheduled for later. They queue in their key's lane like any other.
/// One instance does it; the inbox row and the count of tries guard what they commit.
/// </summary>
internal sealed partial class ParkedWorker(IStore store, Inbox inbox, Lanes lanes, TimeProvider time, ILogger<ParkedWorker> log) : BackgroundService
{
    private const int Batch = 64;
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(250);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        new LeaseHolder("parked", store, time, log).RunAsync(LoopAsync, stoppingToken);

    private async Task LoopAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            var seen = store.Parked.Version;
            try
            {
                if (await RunDueAsync(stoppingToken) > 0)
                {
                    continue;
                }
            }
            catch (Exception e) when (store.IsTransient(e))
            {
                LogAway(log, e.Message);
                await Task.Delay(Pause, time, stoppingToken);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                LogFailed(log, e);
            }

            await store.Parked.WaitAsync(seen, Poll, time, stoppingToken);
        }
    }

    /// <summary>Runs what is due now, and returns how many messages that were.</summary>
    internal async Task<int> RunDueAsync(CancellationToken cancellation)
    {
        var due = await Parking.DueAsync(store, inbox.Handled, time.GetUtcNow(), Batch, cancellation);
        await Task.WhenAll(due.Select(parked => lanes.RunAsync(parked.Key, c => inbox.ResumeAsync(parked, c), cancellation)));
        return due.Count;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Parked messages wait, the database is away: {Reason}")]
    private static partial void LogAway(ILogger logger, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "Running parked messages failed; they are tried again")]
    private static partial void LogFailed(ILogger logger, Exception error);
}

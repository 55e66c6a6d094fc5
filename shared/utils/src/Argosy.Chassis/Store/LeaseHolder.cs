using Microsoft.Extensions.Logging;

namespace Argosy.Chassis.Store;

/// <summary>
/// Runs work that one instance of a service does at a time, wherever a store is shared. The protocol:
/// <list type="number">
/// <item>A store that one process owns: just work.</item>
/// <item>Claim the lease; while another instance holds it, look again every second.</item>
/// <item>Work, and renew every 3 s. The work's token ends when no renewal has come through for the lease's 10 s, counted from before the
/// question was asked, so that ours ends before the database's does.</item>
/// <item>The work has ended, for whatever reason: release the lease, and begin again, unless the process stops.</item>
/// </list>
/// A process that was stopped past its time and goes on finishes what it was about to do beside the new holder. The lease saves work;
/// what must not happen twice is guarded where it is committed.
/// </summary>
internal sealed partial class LeaseHolder(string name, IStore store, TimeProvider time, ILogger log)
{
    public static readonly TimeSpan Duration = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Renewal = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(2);

    private readonly string _owner = $"{Environment.MachineName}/{Environment.ProcessId}/{Ids.New(time)}";

    /// <summary>Works whenever this instance holds the lease, until <paramref name="stopping"/>. What the work throws comes out here.</summary>
    public async Task RunAsync(Func<CancellationToken, Task> work, CancellationToken stopping)
    {
        if (!store.IsShared)
        {
            await work(stopping);
            return;
        }

        for (var failures = 0; !stopping.IsCancellationRequested;)
        {
            var asked = time.GetTimestamp();
            try
            {
                if (await store.ClaimAsync(name, _owner, Duration, stopping) is { } lease)
                {
                    await HoldAsync(lease, asked, work, stopping);
                }

                failures = 0;
            }
            catch (Exception e) when (store.IsTransient(e) || e is CommitException { Result: CommitResult.Unknown })
            {
                if (failures++ == 0)
                {
                    LogAway(log, name, e.Message);
                }
            }

            await Task.Delay(Pause(failures), time, stopping);
        }
    }

    private async Task HoldAsync(Lease lease, long asked, Func<CancellationToken, Task> work, CancellationToken stopping)
    {
        LogHeld(log, name, lease.Epoch);
        using var lapse = new CancellationTokenSource(Left(asked), time);
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(lapse.Token, stopping);
        using var worked = new CancellationTokenSource();
        var renewing = RenewAsync(lease, lapse.CancelAfter, worked.Token);
        try
        {
            await work(ends.Token);
        }
        catch (OperationCanceledException) when (lapse.IsCancellationRequested && !stopping.IsCancellationRequested)
        {
            LogLost(log, name, lease.Epoch);
        }
        finally
        {
            await worked.CancelAsync();
            await renewing;
            await ReleaseAsync(lease);
        }
    }

    // Ends when the work has, or when the lease is another's: then it has lapsed at once.
    private async Task RenewAsync(Lease lease, Action<TimeSpan> lapseAfter, CancellationToken worked)
    {
        while (true)
        {
            await Task.Delay(Renewal, time, worked).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (worked.IsCancellationRequested)
            {
                return;
            }

            var asked = time.GetTimestamp();
            try
            {
                if (await store.ClaimAsync(name, lease.Owner, Duration, worked) is not { } renewed || renewed.Epoch != lease.Epoch)
                {
                    lapseAfter(TimeSpan.Zero);
                    return;
                }

                lapseAfter(Left(asked));
            }
            catch (Exception e) when (e is OperationCanceledException or CommitException || store.IsTransient(e))
            {
                // It is tried again for as long as the lease lasts.
            }
        }
    }

    private async Task ReleaseAsync(Lease lease)
    {
        using var deadline = new CancellationTokenSource(Farewell, time);
        try
        {
            await store.ReleaseAsync(lease, deadline.Token);
        }
        catch (Exception e) when (e is OperationCanceledException or CommitException || store.IsTransient(e))
        {
            // It runs out by itself.
        }
    }

    private TimeSpan Left(long asked)
    {
        var left = Duration - time.GetElapsedTime(asked);
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    private static TimeSpan Pause(int failures) =>
        TimeSpan.FromMilliseconds(Math.Min(LongestPause.TotalMilliseconds, Poll.TotalMilliseconds * Math.Pow(2, Math.Min(failures, 10))));

    [LoggerMessage(Level = LogLevel.Debug, Message = "This instance does {Name}, epoch {Epoch}")]
    private static partial void LogHeld(ILogger logger, string name, long epoch);

    [LoggerMessage(Level = LogLevel.Warning, Message = "This instance has lost the lease for {Name}, epoch {Epoch}, and stops doing it")]
    private static partial void LogLost(ILogger logger, string name, long epoch);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The lease for {Name} cannot be claimed while the database is away: {Reason}")]
    private static partial void LogAway(ILogger logger, string name, string reason);
}

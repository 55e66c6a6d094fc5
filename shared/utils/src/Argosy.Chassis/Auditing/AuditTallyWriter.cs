using Argosy.Chassis.Messaging;
using Argosy.Chassis.Store;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Argosy.Chassis.Auditing;

/// <summary>Puts what <see cref="AuditTally"/> has counted into the audit trail, every second and at the end. What a kill takes is what was counted last.</summary>
internal sealed partial class AuditTallyWriter(string service, AuditTally tally, IStore store, TimeProvider time, ILogger<AuditTallyWriter> log) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LastWord = TimeSpan.FromSeconds(2);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                await Task.Delay(Every, time, stoppingToken);
                await TryAsync(all: false, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            using var deadline = new CancellationTokenSource(LastWord, time);
            await TryAsync(all: true, deadline.Token);
        }
    }

    /// <summary>Writes what is due, in one commit; what cannot be written stays counted.</summary>
    internal async Task WriteAsync(bool all, CancellationToken cancellation)
    {
        var lines = tally.Due(all);
        if (lines.Count == 0)
        {
            return;
        }

        var work = new WriteSet(new MessageContext(Ids.New(time), service, new MessageHeaders()), time.GetUtcNow());
        foreach (var line in lines)
        {
            work.Audit(line.Kind.Actor, line.Kind.Action, line.Target, line.Detail, line.Outcome, line.Trace);
        }

        (await store.CommitAsync(work, cancellation)).Ensure();
        tally.Written(lines);
    }

    private async Task TryAsync(bool all, CancellationToken cancellation)
    {
        try
        {
            await WriteAsync(all, cancellation);
        }
        catch (Exception e) when (store.IsTransient(e))
        {
            LogAway(log, e.Message);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            LogFailed(log, e);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "What was refused is counted and not yet in the audit trail, the database is away: {Reason}")]
    private static partial void LogAway(ILogger logger, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "Writing what was refused into the audit trail failed; it is tried again")]
    private static partial void LogFailed(ILogger logger, Exception error);
}

using System.Diagnostics;
using Argosy.Chassis.Messaging;
using Argosy.Chassis.Store;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Argosy.Chassis.Sagas;

/// <summary>
/// Tells sagas that the due time of a step has come. A deadline is a row, so it survives a restart; it counts only if the row still
/// waits when the move commits. Each is a write set of its own, so that one conflict costs only its owner. One instance looks; the
/// saga's version guards what it commits.
/// </summary>
internal sealed partial class SagaDeadlines(IStore store, SagaRouter sagas, TimeProvider time, ILogger<SagaDeadlines> log) : BackgroundService
{
    private const int Batch = 64;
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(500);

    /// <summary>A saga whose owner's code throws must not be first in line again at once.</summary>
    private static readonly TimeSpan Postponement = TimeSpan.FromSeconds(30);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => sagas.Types.Count == 0
        ? Task.CompletedTask
        : new LeaseHolder("saga deadlines", store, time, log).RunAsync(LoopAsync, stoppingToken);

    private async Task LoopAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            var moved = 0;
            try
            {
                moved = await RunDueAsync(stoppingToken);
            }
            catch (Exception e) when (store.IsTransient(e))
            {
                LogAway(log, e.Message);
                await Task.Delay(Pause, time, stoppingToken);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                LogScanFailed(log, e);
            }

            // A full batch that moved means that there is more; anything else waits, so that nothing spins.
            if (moved < Batch)
            {
                await Task.Delay(Poll, time, stoppingToken);
            }
        }
    }

    /// <summary>Runs what is due now, at most one batch, and returns how many sagas moved.</summary>
    internal async Task<int> RunDueAsync(CancellationToken cancellation)
    {
        var due = await DueAsync(cancellation);
        var moved = await Task.WhenAll(due.Select(row => RunAsync(row, cancellation)));
        return moved.Count(one => one);
    }

    // Types are validated names; rows of sagas that this build doesn't know wait for one that does, and hold up nobody.
    private Task<IReadOnlyList<DueRow>> DueAsync(CancellationToken cancellation) => store.QueryAsync<DueRow>(
        $"""
        select s.saga as Saga, s.step as Step, s.direction as Direction, s.attempt as Attempt, s.due as Due, g.data as Data
        from saga_step s join saga g on g.id = s.saga
        where s.due <= @now and g.type in ({string.Join(", ", sagas.Types.Select(type => $"'{type}'"))})
        order by s.due limit @limit
        """,
        new { now = time.GetUtcNow().ToUnixTimeMilliseconds(), limit = (long)Batch },
        cancellation);

    private async Task<bool> RunAsync(DueRow row, CancellationToken cancellation)
    {
        var origin = MessageContext.Load(SagaDocument.Parse(row.Data).Origin);
        _ = ActivityContext.TryParse(origin.Headers.TraceParent, origin.Headers.TraceState, isRemote: true, out var parent);
        using var span = BusTelemetry.Source.StartActivity($"saga deadline {row.Saga.Split('/')[0]}", ActivityKind.Internal, parent);
        var work = new WriteSet(origin.For($"{row.Step}/{row.Direction}/{row.Attempt}/due/{row.Due}"), time.GetUtcNow());
        try
        {
            await sagas.ReachDeadlineAsync(store, row.Saga, (int)row.Step, SagaTable.Parse<SagaDirection>(row.Direction), work, cancellation);
            if (work.IsEmpty)
            {
                return false;
            }

            var outcome = await store.CommitAsync(work, cancellation);

            // Conflict and unknown: whatever is true now is read with the next scan.
            return outcome.Result switch
            {
                CommitResult.Committed => true,
                CommitResult.Failed => throw new CommitException(outcome),
                _ => false,
            };
        }
        catch (Exception e) when (e is not OperationCanceledException && !store.IsTransient(e))
        {
            LogFailed(log, e, row.Saga);
            await PostponeAsync(row, cancellation);
            return false;
        }
    }

    private async Task PostponeAsync(DueRow row, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        var work = new WriteSet(new MessageContext(row.Saga, "saga deadlines", new MessageHeaders()), now);
        work.Execute(
            "update saga_step set due = @later where saga = @saga and step = @step and direction = @direction and due = @due",
            new { saga = row.Saga, step = row.Step, direction = row.Direction, due = row.Due, later = (now + Postponement).ToUnixTimeMilliseconds() });
        (await store.CommitAsync(work, cancellation)).Ensure();
    }

    private sealed record DueRow(string Saga, long Step, string Direction, long Attempt, long Due, string Data);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Due sagas wait, the database is away: {Reason}")]
    static partial void LogAway(ILogger logger, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "Looking for due sagas failed; it is tried again")]
    static partial void LogScanFailed(ILogger logger, Exception error);

    [LoggerMessage(Level = LogLevel.Error, Message = "The deadline of saga {SagaId} could not be run; it is tried again later")]
    static partial void LogFailed(ILogger logger, Exception error, string sagaId);
}

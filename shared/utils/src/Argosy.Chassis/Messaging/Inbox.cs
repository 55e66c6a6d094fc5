using System.Diagnostics;
using Argosy.Chassis.Store;
using Microsoft.Extensions.Logging;

namespace Argosy.Chassis.Messaging;

/// <summary>
/// Takes one message to its end. The protocol:
/// <list type="number">
/// <item>Read what the tables say about it; <see cref="Dispatch.Decide"/> says what to do.</item>
/// <item>Run: the handler fills a write set; the inbox row goes first, ids that the message undoes go in too.</item>
/// <item>Commit. Conflict: decide again on fresh reads. Duplicate: somebody was faster, which is as good.</item>
/// <item>A failure parks the message, so that it blocks its own key and nothing else.</item>
/// <item>Return, which is the acknowledgement: never before a commit.</item>
/// </list>
/// </summary>
internal sealed partial class Inbox(
    string service, IStore store, HandlerTable handlers, IServiceProvider services, TimeProvider time, Random random, ILogger<Inbox> log,
    string system = BusTelemetry.Push)
{
    private const string ArrivalSql =
        """
        select (select count(*) from bus_inbox where id = @id) as Seen,
               (select count(*) from bus_parked where id = @id) as Parked,
               (select count(*) from bus_parked where key = @key and state in ('retry', 'dead')) as Blocked
        """;

    /// <summary>The types that it can run, as <see cref="HandlerTable.Listed"/>.</summary>
    public string Handled { get; } = handlers.Listed;

    /// <summary>Makes a write set a duplicate where another one with this id was committed before.</summary>
    internal static Statement Once(string id, WriteSet work) =>
        new("insert into bus_inbox (id, at) values (@id, @at) on conflict (id) do nothing", new { id, at = work.NowMilliseconds }, 1, Mismatch.Duplicate);

    /// <summary>Handles a message that came from the bus; returns when it is committed or parked.</summary>
    public Task ReceiveAsync(Envelope envelope, CancellationToken cancellation) => UntilKnownAsync(envelope, () => ReceiveOnceAsync(envelope, cancellation), cancellation);

    /// <summary>Parks a message that must not run as dead; returns when that is committed. What has had its effect, or is parked, stays as it is.</summary>
    public Task BuryAsync(Envelope envelope, string reason, CancellationToken cancellation) => UntilKnownAsync(envelope, () => BuryOnceAsync(envelope, reason, cancellation), cancellation);

    /// <summary>Runs a parked message whose time has come.</summary>
    public async Task ResumeAsync(ParkedRow parked, CancellationToken cancellation)
    {
        var envelope = Envelope.Parse(parked.Envelope);
        if (await store.FirstOrDefaultAsync<long?>("select 1 from bus_inbox where id = @id", new { id = parked.Id }, cancellation) is not null)
        {
            // It had its effect, or an undo forbade it, while it was parked.
            await CommitAsync(new WriteSet(MessageContext.Of(envelope, service), time.GetUtcNow()), Parking.Discard(parked.Id), cancellation);
            return;
        }

        await RunAsync(envelope, parked, cancellation);
    }

    // A database that is away is no fault of the message, and neither is anything else that comes up here: what its handler throws
    // parks it. So it is tried again without limit, in its lane. Whoever let it go would let the next one of its key overtake it.
    private async Task UntilKnownAsync(Envelope envelope, Func<Task<bool>> once, CancellationToken cancellation)
    {
        BusTelemetry.Arrived(envelope.Type, system);
        for (var outages = 0; ; outages++)
        {
            try
            {
                if (await once())
                {
                    return;
                }
            }
            catch (Exception e) when (store.IsTransient(e))
            {
                LogTransient(log, e, envelope.Type, envelope.Id);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                LogUnknown(log, e, envelope.Type, envelope.Id);
            }

            await Task.Delay(Dispatch.TransientDelay(outages, random.NextDouble()), time, cancellation);
        }
    }

    private async Task<bool> BuryOnceAsync(Envelope envelope, string reason, CancellationToken cancellation) =>
        await ReadArrivalAsync(envelope, cancellation) is { Seen: true } or { Parked: true } || await ParkAsync(envelope, ParkedState.Dead, null, 0, reason, cancellation);

    private async Task<bool> ReceiveOnceAsync(Envelope envelope, CancellationToken cancellation)
    {
        var arrival = await ReadArrivalAsync(envelope, cancellation);
        switch (Dispatch.Decide(arrival, time.GetUtcNow() - envelope.Time))
        {
            case Verdict.Acknowledge:
                return true;
            case Verdict.ParkBehind:
                return await ParkAsync(envelope, ParkedState.Retry, time.GetUtcNow(), 0, "Waits behind an earlier message of its key.", cancellation);
            case Verdict.ParkDead:
                return await ParkAsync(envelope, ParkedState.Dead, null, 0, $"Older than {Dispatch.Horizon.TotalDays:0} days: nobody remembers whether it ran.", cancellation);
            case Verdict.Run when !handlers.Handles(envelope.Type):
                // It came for an instance of another version: no attempt is counted, and its key waits with it.
                LogStray(log, envelope.Type, envelope.Id, service);
                return await ParkAsync(envelope, ParkedState.Retry, time.GetUtcNow(), 0, $"Waits for a version of {service} that handles it.", cancellation);
            default:
                return await RunAsync(envelope, null, cancellation);
        }
    }

    private async Task<Arrival> ReadArrivalAsync(Envelope envelope, CancellationToken cancellation)
    {
        var undone = envelope.Headers.UndoneIds;
        var row = await store.FirstOrDefaultAsync<ArrivalRow>(ArrivalSql, new { id = envelope.Id, key = envelope.Key }, cancellation);
        var blocked = row!.Blocked;
        if (blocked > 0 && undone.Count > 0)
        {
            // An undo overtakes its parked do, and waits behind whatever else is there.
            foreach (var id in undone)
            {
                blocked -= await store.FirstOrDefaultAsync<long>(
                    "select count(*) from bus_parked where id = @id and key = @key and state in ('retry', 'dead')", new { id, key = envelope.Key }, cancellation);
            }
        }

        return new Arrival(row.Seen > 0, row.Parked > 0, blocked > 0);
    }

    // True: acknowledged. False: the outcome is unknown, look again.
    private async Task<bool> RunAsync(Envelope envelope, ParkedRow? parked, CancellationToken cancellation)
    {
        using var span = BusTelemetry.StartProcess(envelope, system);
        var began = time.GetTimestamp();
        var attempts = (int)(parked?.Attempts ?? 0);
        for (var conflicts = 1; ; conflicts++)
        {
            var work = new WriteSet(MessageContext.Of(envelope, service), time.GetUtcNow());
            CommitOutcome outcome;
            try
            {
                await handlers.HandleAsync(services, envelope, work, cancellation);
                outcome = await CommitEffectAsync(envelope, parked, work, cancellation);
            }
            catch (Exception e) when (e is not OperationCanceledException && !store.IsTransient(e))
            {
                span?.SetTag("error.type", e.GetType().FullName).SetStatus(ActivityStatusCode.Error, e.Message);
                BusTelemetry.Processed(envelope.Type, system, time.GetElapsedTime(began), e.GetType().FullName);
                return await GiveUpAsync(envelope, parked, Dispatch.AfterFailure(attempts), e, cancellation);
            }

            if (outcome.Error is { } away && store.IsTransient(away))
            {
                LogTransient(log, away, envelope.Type, envelope.Id);
                return false;
            }

            switch (Dispatch.After(outcome.Result, conflicts, attempts))
            {
                case Next.Acknowledge:
                    BusTelemetry.Processed(envelope.Type, system, time.GetElapsedTime(began), null);
                    LogHandled(log, envelope.Type, envelope.Key, outcome.Result);
                    return true;
                case Next.DecideAgain:
                    continue;
                case Next.TryAgainSoon:
                    return false;
                case var next:
                    BusTelemetry.Processed(envelope.Type, system, time.GetElapsedTime(began), outcome.Error?.GetType().FullName ?? nameof(CommitException));
                    return await GiveUpAsync(envelope, parked, next, outcome.Error ?? new CommitException(outcome), cancellation);
            }
        }
    }

    private async Task<CommitOutcome> CommitEffectAsync(Envelope envelope, ParkedRow? parked, WriteSet work, CancellationToken cancellation)
    {
        Forbid(envelope, work);
        if (parked is not null)
        {
            work.AddFirst(Parking.Remove(parked.Id));
        }

        work.AddFirst(Once(envelope.Id, work));
        return await store.CommitAsync(work, cancellation);
    }

    private async Task<bool> GiveUpAsync(Envelope envelope, ParkedRow? parked, Next next, Exception error, CancellationToken cancellation)
    {
        var attempts = (int)(parked?.Attempts ?? 0);
        var (state, due) = next == Next.ParkDead
            ? (ParkedState.Dead, (DateTimeOffset?)null)
            : (ParkedState.Retry, time.GetUtcNow() + Dispatch.RetryDelay(attempts, random.NextDouble()));
        LogFailed(log, error, envelope.Type, envelope.Id, attempts + 1, state);
        var sentence = $"{error.GetType().Name}: {error.Message}";
        if (parked is null)
        {
            return await ParkAsync(envelope, state, due, 1, sentence, cancellation);
        }

        var work = new WriteSet(MessageContext.Of(envelope, service), time.GetUtcNow());
        work.MarkParked();
        work.OnCounted(() => BusTelemetry.Park(envelope.Type, state));
        return await CommitAsync(work, Parking.Failed(parked.Id, parked.State, attempts, state, due, sentence), cancellation);
    }

    private Task<bool> ParkAsync(Envelope envelope, string state, DateTimeOffset? due, int attempts, string error, CancellationToken cancellation)
    {
        var work = new WriteSet(MessageContext.Of(envelope, service), time.GetUtcNow());
        work.MarkParked();
        work.OnCounted(() => BusTelemetry.Park(envelope.Type, state));
        Forbid(envelope, work);     // an undo that has to wait must not wait behind its own do
        return CommitAsync(work, Parking.Insert(envelope, state, due, attempts, error), cancellation);
    }

    // The dos that a message undoes must have no effect when they come late (the "hanging action").
    private static void Forbid(Envelope envelope, WriteSet work)
    {
        foreach (var undone in envelope.Headers.UndoneIds)
        {
            work.Add(new Statement("insert into bus_inbox (id, at) values (@id, @at) on conflict (id) do nothing", new { id = undone, at = work.NowMilliseconds }, null));
            work.Add(Parking.Discard(undone));
        }
    }

    private async Task<bool> CommitAsync(WriteSet work, Statement statement, CancellationToken cancellation)
    {
        work.Add(statement);
        var outcome = await store.CommitAsync(work, cancellation);
        if (outcome.Result == CommitResult.Unknown)
        {
            return false;
        }

        outcome.Ensure();
        return true;
    }

    private sealed record ArrivalRow(long Seen, long Parked, long Blocked);

    [LoggerMessage(Level = LogLevel.Information, Message = "Handled {Type} of {Key}: {Outcome}")]
    private static partial void LogHandled(ILogger logger, string type, string key, CommitResult outcome);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The database is away; {Type} {MessageId} is tried again")]
    private static partial void LogTransient(ILogger logger, Exception error, string type, string messageId);

    [LoggerMessage(Level = LogLevel.Error, Message = "What became of {Type} {MessageId} could not be found out or written down; it is tried again, and holds up its lane")]
    private static partial void LogUnknown(ILogger logger, Exception error, string type, string messageId);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Type} {MessageId} is not handled by this version of {Service}: it is parked until one that does runs it, or an operator discards it")]
    private static partial void LogStray(ILogger logger, string type, string messageId, string service);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Handling {Type} {MessageId} failed, try {Attempt}; it is parked as {State}")]
    private static partial void LogFailed(ILogger logger, Exception error, string type, string messageId, int attempt, string state);
}

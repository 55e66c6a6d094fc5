using Argosy.Chassis.Messaging;
using Argosy.Chassis.Store;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Argosy.Chassis.EventStore;

/// <summary>
/// Makes read models anew while they are read and written. The protocol:
/// <list type="number">
/// <item>Somebody asks: a cursor row at position -1, durably.</item>
/// <item>One instance makes an empty shadow of the table, and moves the cursor to 0 in the same commit.</item>
/// <item>It replays the events into the shadow, a batch a commit, and the cursor moves with each. Killed here, it goes on from there.</item>
/// <item>No event is left: table and shadow are read side by side, a few rows at a time, and the keys of those that differ are noted. So are,
/// from now on, the keys of whatever is replayed. Killed here, it reads from the beginning.</item>
/// <item>No event is left again: in one commit, guarded by there being none still, the noted rows that differ are replaced, and the audit
/// trail says how many those were. An event that came in between is a conflict: replay it, and try again.</item>
/// <item>The cursor is at -2, and the shadow goes, a few rows a commit; then the cursor.</item>
/// </list>
/// Each commit is guarded by where this rebuild's own cursor was: of an instance that has lost the lease, nothing comes. Others wait for no more
/// than a few rows, and once for as many as differ; whoever reads sees the one table or the other and never half.
/// </summary>
internal sealed partial class Rebuilds(string service, IReadOnlyList<ReadModel> models, IStore store, TimeProvider time, ILogger<Rebuilds> log) : BackgroundService
{
    /// <summary>What an operator's wish is called in the audit trail, and its end.</summary>
    public const string Asked = "projection.rebuild", Ended = "projection.rebuilt";

    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(1);

    /// <summary>How long it tries to find a moment in which no event comes in.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly Signal _wanted = new();

    public IReadOnlyList<ReadModel> Models => models;

    /// <summary>Puts the wish into a write set; where it is being made anew already, the set is in conflict.</summary>
    public void Ask(ReadModel model, WriteSet work)
    {
        work.Execute(
            "insert into bus_cursor (name, position, epoch) values (@name, @position, @epoch) on conflict (name) do nothing",
            new { name = model.Cursor, position = (long)RebuildCursor.Wanted, epoch = work.NowMilliseconds }, rows: 1);
        work.OnCommitted(_wanted.Set);
    }

    /// <summary>Up to which event of how many it is; null where nobody has asked for it.</summary>
    public static async Task<(long Position, long Head)?> ProgressAsync(IStore store, ReadModel model, CancellationToken cancellation)
    {
        if (await RebuildCursor.FindAsync(store, model, cancellation) is not { } cursor)
        {
            return null;
        }

        var head = await store.FirstOrDefaultAsync<long>("select coalesce(max(position), 0) from es_event", null, cancellation);
        return (cursor.Position == RebuildCursor.Over ? head : Math.Max(0, cursor.Position), head);
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => models.Count == 0
        ? Task.CompletedTask
        : new LeaseHolder("rebuilds", store, time, log).RunAsync(LoopAsync, stoppingToken);

    private async Task LoopAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            var seen = _wanted.Version;
            try
            {
                await RunAsync(stoppingToken);
            }
            catch (Exception e) when (store.IsTransient(e) || e is CommitException)
            {
                LogAway(log, e.Message);     // another instance moved the cursor, or the database is away: what the tables say is where it goes on
            }

            await _wanted.WaitAsync(seen, Poll, time, stoppingToken);
        }
    }

    /// <summary>Makes anew whatever was asked for.</summary>
    internal async Task RunAsync(CancellationToken cancellation)
    {
        foreach (var model in models)
        {
            if (await RebuildCursor.FindAsync(store, model, cancellation) is not { } cursor)
            {
                continue;
            }

            var rebuild = new Rebuild(model, cursor.Epoch, service, store, time);
            try
            {
                if (cursor.Position != RebuildCursor.Over)
                {
                    await MakeAsync(rebuild, model, cursor.Position, cancellation);
                }
            }
            catch (Exception e) when (IsOurs(e))
            {
                LogFailed(log, e, model.Table);
                await rebuild.GiveUpAsync($"{e.GetType().Name}: {e.Message}", cancellation);
            }

            try
            {
                await rebuild.TidyAsync(cancellation);
            }
            catch (Exception e) when (IsOurs(e))
            {
                LogUntidied(log, e, model.Table, Poll.TotalSeconds);
            }
        }
    }

    private bool IsOurs(Exception e) =>
        e is not OperationCanceledException and not CommitException { Result: CommitResult.Conflict or CommitResult.Unknown } && !store.IsTransient(e);

    private async Task MakeAsync(Rebuild rebuild, ReadModel model, long position, CancellationToken cancellation)
    {
        if (position == RebuildCursor.Wanted)
        {
            position = await rebuild.BeginAsync(cancellation);
            LogBegun(log, model.Table);
        }

        long? compared = null;
        long? caughtUp = null;
        while (true)
        {
            var events = await rebuild.ReadAsync(position, cancellation);
            if (events.Count > 0)
            {
                position = await rebuild.ReplayAsync(position, events, isNoted: compared is not null, cancellation);
                continue;
            }

            // That took its time, and what came in meanwhile is to be replayed first.
            if (compared is null)
            {
                compared = await rebuild.CompareAsync(position, cancellation);
                continue;
            }

            caughtUp ??= time.GetTimestamp();
            if (await rebuild.TrySwapAsync(position, compared.Value, cancellation))
            {
                LogEnded(log, model.Table);
                return;
            }

            if (time.GetElapsedTime(caughtUp.Value) > Patience)
            {
                await rebuild.GiveUpAsync($"for {Patience.TotalSeconds:0} s events came in faster than it could catch up: ask again when there is less to do", cancellation);
                return;
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Table} is made anew")]
    private static partial void LogBegun(ILogger logger, string table);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Table} was made anew")]
    private static partial void LogEnded(ILogger logger, string table);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Table} cannot be made anew; the one that is there stays")]
    private static partial void LogFailed(ILogger logger, Exception error, string table);

    [LoggerMessage(Level = LogLevel.Error, Message = "What making {Table} anew has left could not be removed; it is tried again within {Seconds} s")]
    private static partial void LogUntidied(ILogger logger, Exception error, string table, double seconds);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Making a read model anew waits: {Reason}")]
    private static partial void LogAway(ILogger logger, string reason);
}

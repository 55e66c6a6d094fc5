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
/// <item>No event is left: in one commit, guarded by there being none still, the rows that differ are replaced, the shadow and the
/// cursor go, and the audit trail says how many those were. An event that came in between is a conflict: replay it, and try again.</item>
/// </list>
/// Only rows that differ are written, so the last commit is short, and whoever reads sees the one table or the other and never half.
/// </summary>
internal sealed partial class Rebuilds(string service, IReadOnlyList<ReadModel> models, IStore store, TimeProvider time, ILogger<Rebuilds> log) : BackgroundService
{
    /// <summary>What an operator's wish is called in the audit trail, and its end.</summary>
    public const string Asked = "projection.rebuild", Ended = "projection.rebuilt";

    private const int Batch = 256;
    private const int Wanted = -1;
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
            new { name = model.Cursor, position = (long)Wanted, epoch = work.NowMilliseconds }, rows: 1);
        work.OnCommitted(_wanted.Set);
    }

    /// <summary>How far it is; null where nobody has asked for it.</summary>
    public static Task<long?> PositionAsync(IStore store, ReadModel model, CancellationToken cancellation) =>
        store.FirstOrDefaultAsync<long?>("select position from bus_cursor where name = @name", new { name = model.Cursor }, cancellation);

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
            if (await PositionAsync(store, model, cancellation) is not { } position)
            {
                continue;
            }

            try
            {
                await RebuildAsync(model, position, cancellation);
            }
            catch (Exception e) when (e is not OperationCanceledException and not CommitException { Result: CommitResult.Conflict or CommitResult.Unknown } && !store.IsTransient(e))
            {
                LogFailed(log, e, model.Table);
                await GiveUpAsync(model, $"{e.GetType().Name}: {e.Message}", cancellation);
            }
        }
    }

    private async Task RebuildAsync(ReadModel model, long position, CancellationToken cancellation)
    {
        if (position == Wanted)
        {
            position = await BeginAsync(model, cancellation);
        }

        long? caughtUp = null;
        while (true)
        {
            var events = await ReadAsync(model, position, cancellation);
            if (events.Count > 0)
            {
                position = await ReplayAsync(model, position, events, cancellation);
                continue;
            }

            caughtUp ??= time.GetTimestamp();
            if (await TrySwapAsync(model, position, cancellation))
            {
                return;
            }

            if (time.GetElapsedTime(caughtUp.Value) > Patience)
            {
                await GiveUpAsync(model, $"for {Patience.TotalSeconds:0} s events came in faster than it could catch up: ask again when there is less to do", cancellation);
                return;
            }
        }
    }

    private async Task<long> BeginAsync(ReadModel model, CancellationToken cancellation)
    {
        var work = Work();
        work.Execute($"drop table if exists {model.Shadow}");
        work.Execute($"create table {model.Shadow} as select * from {model.Table} where 1 = 0");
        work.Execute($"create unique index {model.Shadow}_key on {model.Shadow} ({model.Key})");
        Move(work, model, Wanted, 0);
        (await store.CommitAsync(work, cancellation)).Ensure();
        LogBegun(log, model.Table);
        return 0;
    }

    private Task<IReadOnlyList<EventRow>> ReadAsync(ReadModel model, long after, CancellationToken cancellation) => store.QueryAsync<EventRow>(
        """
        select e.position as Position, e.stream as Stream, e.version as Version, e.type as Type, e.schema_version as SchemaVersion, e.data as Data, e.meta as Meta, e.at as At
        from es_event e join es_stream s on s.id = e.stream where e.position > @after and s.type = @type order by e.position limit @limit
        """,
        new { after, type = model.StreamType, limit = (long)Batch }, cancellation);

    private async Task<long> ReplayAsync(ReadModel model, long position, IReadOnlyList<EventRow> events, CancellationToken cancellation)
    {
        var work = Work();
        foreach (var row in events)
        {
            model.Replay(row, model.Shadow, work);
        }

        Move(work, model, position, events[^1].Position);
        var outcome = await store.CommitAsync(work, cancellation);
        if (outcome.Result == CommitResult.Conflict && await PositionAsync(store, model, cancellation) == position)
        {
            throw new InvalidOperationException($"an event between positions {position} and {events[^1].Position} does not fit the rows that the events before it have made");
        }

        outcome.Ensure();
        return events[^1].Position;
    }

    // False: an event has come in.
    private async Task<bool> TrySwapAsync(ReadModel model, long position, CancellationToken cancellation)
    {
        var (table, shadow, key) = (model.Table, model.Shadow, model.Key);
        var work = Work();
        work.Execute("delete from bus_cursor where name = @name and position = @position", new { name = model.Cursor, position }, rows: 1);
        work.Require(
            "select 1 where not exists (select 1 from es_event e join es_stream s on s.id = e.stream where e.position > @position and s.type = @type)",
            new { position, type = model.StreamType });
        work.Execute(
            $"""
            insert into sys_audit (at, actor, action, target, detail, outcome, trace)
            select @at, @actor, @action, @target,
                   (select count(*) from {shadow}) || ' rows, of which ' || (select count(*) from (select * from {shadow} except select * from {table}) as fresh)
                   || ' were missing or wrong; ' || (select count(*) from {table} t where not exists (select 1 from {shadow} s where s.{key} = t.{key})) || ' too many', 'done', ''
            """,
            new { at = work.NowMilliseconds, actor = $"svc:{service}", action = Ended, target = table }, rows: 1);
        work.Execute($"delete from {table} where {key} in (select {key} from (select * from {table} except select * from {shadow}) as stale)");
        work.Execute($"insert into {table} select * from {shadow} s where not exists (select 1 from {table} t where t.{key} = s.{key})");
        work.Execute($"drop table {shadow}");
        var outcome = await store.CommitAsync(work, cancellation);
        if (outcome.Result == CommitResult.Conflict && await PositionAsync(store, model, cancellation) == position)
        {
            return false;
        }

        outcome.Ensure();
        LogEnded(log, model.Table);
        return true;
    }

    private async Task GiveUpAsync(ReadModel model, string why, CancellationToken cancellation)
    {
        var work = Work();
        work.Execute("delete from bus_cursor where name = @name", new { name = model.Cursor }, rows: 1);
        work.Execute($"drop table if exists {model.Shadow}");
        work.Audit($"svc:{service}", Ended, model.Table, why, "failed");
        (await store.CommitAsync(work, cancellation)).Ensure();
    }

    private static void Move(WriteSet work, ReadModel model, long from, long to) => work.Execute(
        "update bus_cursor set position = @to where name = @name and position = @from", new { to, name = model.Cursor, from }, rows: 1);

    private WriteSet Work() => new(new MessageContext("rebuilds", service, new MessageHeaders()), time.GetUtcNow());

    [LoggerMessage(Level = LogLevel.Information, Message = "{Table} is made anew")]
    private static partial void LogBegun(ILogger logger, string table);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Table} was made anew")]
    private static partial void LogEnded(ILogger logger, string table);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Table} cannot be made anew; the one that is there stays")]
    private static partial void LogFailed(ILogger logger, Exception error, string table);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Making a read model anew waits: {Reason}")]
    private static partial void LogAway(ILogger logger, string reason);
}

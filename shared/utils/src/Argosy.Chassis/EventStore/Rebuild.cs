using System.Globalization;
using Argosy.Chassis.Messaging;
using Argosy.Chassis.Store;

namespace Argosy.Chassis.EventStore;

/// <summary>How far a rebuild is, and which one it is: two of one read model never have the same epoch.</summary>
internal sealed record RebuildCursor(long Position, long Epoch)
{
    /// <summary>It was asked for.</summary>
    public const int Wanted = -1;

    /// <summary>It has ended, well or not, and something of it is still to be removed.</summary>
    public const int Over = -2;

    /// <summary>Null where nobody has asked for it.</summary>
    public static Task<RebuildCursor?> FindAsync(IStore store, ReadModel model, CancellationToken cancellation) =>
        store.FirstOrDefaultAsync<RebuildCursor>("select position as Position, epoch as Epoch from bus_cursor where name = @name", new { name = model.Cursor }, cancellation);
}

/// <summary>The steps of one rebuild of one read model, each a commit or several that move its cursor. <see cref="Rebuilds"/> has their order.</summary>
internal sealed class Rebuild(ReadModel model, long epoch, string service, IStore store, TimeProvider time)
{
    private const int Batch = 256;
    private const int Few = 500;

    private string Table => model.Table;

    private string Shadow => model.Shadow;

    private string Noted => model.Noted;

    private string Key => model.Key;

    /// <summary>Makes an empty shadow; returns the position.</summary>
    public async Task<long> BeginAsync(CancellationToken cancellation)
    {
        var work = Work();
        Move(work, RebuildCursor.Wanted, 0);
        work.Execute($"drop table if exists {Shadow}");
        work.Execute($"drop table if exists {Noted}");
        work.Execute($"create table {Shadow} as select * from {Table} where 1 = 0");
        work.Execute($"create unique index {Shadow}_key on {Shadow} ({Key})");
        await CommitAsync(work, cancellation);
        return 0;
    }

    /// <summary>The next events to be replayed.</summary>
    public Task<IReadOnlyList<EventRow>> ReadAsync(long after, CancellationToken cancellation) => store.QueryAsync<EventRow>(
        """
        select e.position as Position, e.stream as Stream, e.version as Version, e.type as Type, e.schema_version as SchemaVersion, e.data as Data, e.meta as Meta, e.at as At
        from es_event e join es_stream s on s.id = e.stream where e.position > @after and s.type = @type order by e.position limit @limit
        """,
        new { after, type = model.StreamType, limit = (long)Batch }, cancellation);

    /// <summary>Replays them into the shadow; returns the new position.</summary>
    /// <exception cref="InvalidOperationException">One of them doesn't fit the rows that the events before it have made.</exception>
    public async Task<long> ReplayAsync(long position, IReadOnlyList<EventRow> events, bool isNoted, CancellationToken cancellation)
    {
        var work = Work();
        Move(work, position, events[^1].Position);
        foreach (var row in events)
        {
            model.Replay(row, Shadow, work);
        }

        if (isNoted)
        {
            Note(work, events.Select(model.KeyOf).Distinct(StringComparer.Ordinal));
        }

        var outcome = await store.CommitAsync(work, cancellation);
        if (outcome.Result == CommitResult.Conflict && await IsAtAsync(position, cancellation))
        {
            throw new InvalidOperationException($"an event between positions {position} and {events[^1].Position} does not fit the rows that the events before it have made");
        }

        outcome.Ensure();
        return events[^1].Position;
    }

    /// <summary>
    /// Reads table and shadow side by side, and notes which rows may differ; what isn't noted doesn't: a row that is changed after it was looked
    /// at is one of an event that is replayed later. Returns how many rows the shadow has.
    /// </summary>
    public async Task<long> CompareAsync(long position, CancellationToken cancellation)
    {
        var begin = Work();
        Move(begin, position, position);
        begin.Execute($"create table if not exists {Noted} as select {Key} from {Table} where 1 = 0");
        begin.Execute($"create unique index if not exists {Noted}_key on {Noted} ({Key})");
        await CommitAsync(begin, cancellation);
        for (var after = ""; await EndOfFewAsync(after, cancellation) is { } to; after = to)
        {
            var range = $"where {Key} > @after and {Key} <= @to";
            var differing = await store.QueryAsync<string>(
                $"""
                select {Key} from (select * from {Shadow} {range} except select * from {Table} {range}) as fresh
                union select {Key} from (select * from {Table} {range} except select * from {Shadow} {range}) as stale
                """,
                new { after, to }, cancellation);
            if (differing.Count > 0)
            {
                var work = Work();
                Move(work, position, position);
                Note(work, differing);
                await CommitAsync(work, cancellation);
            }
        }

        return await store.FirstOrDefaultAsync<long>($"select count(*) from {Shadow}", null, cancellation);
    }

    /// <summary>Replaces what differs. False: an event has come in.</summary>
    public async Task<bool> TrySwapAsync(long position, long compared, CancellationToken cancellation)
    {
        var noted = $"where {Key} in (select {Key} from {Noted})";
        var work = Work();
        Move(work, position, RebuildCursor.Over);
        work.Require(
            "select 1 where not exists (select 1 from es_event e join es_stream s on s.id = e.stream where e.position > @position and s.type = @type)",
            new { position, type = model.StreamType });
        work.Execute(
            $"""
            insert into sys_audit (at, actor, action, target, detail, outcome, trace)
            select @at, @actor, @action, @target,
                   @compared || ' rows, of which ' || (select count(*) from (select * from {Shadow} {noted} except select * from {Table} {noted}) as fresh)
                   || ' were missing or wrong; ' || (select count(*) from {Table} t {noted} and not exists (select 1 from {Shadow} s where s.{Key} = t.{Key})) || ' too many', 'done', ''
            """,
            new { compared = compared.ToString(CultureInfo.InvariantCulture), at = work.NowMilliseconds, actor = $"svc:{service}", action = Rebuilds.Ended, target = Table }, rows: 1);
        work.Execute($"delete from {Table} where {Key} in (select {Key} from (select * from {Table} {noted} except select * from {Shadow} {noted}) as stale)");
        work.Execute($"insert into {Table} select * from {Shadow} s {noted} and not exists (select 1 from {Table} t where t.{Key} = s.{Key})");
        var outcome = await store.CommitAsync(work, cancellation);
        if (outcome.Result == CommitResult.Conflict && await IsAtAsync(position, cancellation))
        {
            return false;
        }

        outcome.Ensure();
        return true;
    }

    /// <summary>Leaves the table as it is, and says why in the audit trail.</summary>
    public async Task GiveUpAsync(string why, CancellationToken cancellation)
    {
        var work = Work();
        work.Execute("update bus_cursor set position = @over where name = @name and epoch = @epoch", new { over = (long)RebuildCursor.Over, name = model.Cursor, epoch }, rows: 1);
        work.Audit($"svc:{service}", Rebuilds.Ended, Table, why, "failed");
        await CommitAsync(work, cancellation);
    }

    /// <summary>Removes what is left of it; dropped at once, a large table would keep everybody waiting while its pages are freed.</summary>
    public async Task TidyAsync(CancellationToken cancellation)
    {
        var begin = Work();
        Move(begin, RebuildCursor.Over, RebuildCursor.Over);
        begin.Execute($"create table if not exists {Shadow} as select * from {Table} where 1 = 0");       // it may have failed before it had any
        begin.Execute($"create table if not exists {Noted} as select {Key} from {Table} where 1 = 0");
        await CommitAsync(begin, cancellation);
        foreach (var table in new[] { Shadow, Noted })
        {
            while (await store.FirstOrDefaultAsync<string>($"select {Key} from {table} limit 1", null, cancellation) is not null)
            {
                var some = Work();
                Move(some, RebuildCursor.Over, RebuildCursor.Over);
                some.Execute($"delete from {table} where {Key} in (select {Key} from {table} order by {Key} limit {Few})");
                await CommitAsync(some, cancellation);
            }
        }

        var last = Work();
        last.Execute("delete from bus_cursor where name = @name and position = @over and epoch = @epoch", new { name = model.Cursor, over = (long)RebuildCursor.Over, epoch }, rows: 1);
        last.Execute($"drop table {Shadow}");
        last.Execute($"drop table {Noted}");
        await CommitAsync(last, cancellation);
    }

    // The last of the few keys behind that one, in either table.
    private Task<string?> EndOfFewAsync(string after, CancellationToken cancellation) => store.FirstOrDefaultAsync<string?>(
        $"""
        select max({Key}) from (
            select {Key} from (select {Key} from {Table} where {Key} > @after order by {Key} limit {Few}) as old
            union select {Key} from (select {Key} from {Shadow} where {Key} > @after order by {Key} limit {Few}) as anew
            order by {Key} limit {Few}) as few
        """,
        new { after }, cancellation);

    private void Note(WriteSet work, IEnumerable<string> keys)
    {
        foreach (var noted in keys)
        {
            work.Execute($"insert into {Noted} ({Key}) values (@noted) on conflict ({Key}) do nothing", new { noted });
        }
    }

    private async Task<bool> IsAtAsync(long position, CancellationToken cancellation) =>
        await RebuildCursor.FindAsync(store, model, cancellation) is { } now && now == new RebuildCursor(position, epoch);

    private void Move(WriteSet work, long from, long to) => work.Execute(
        "update bus_cursor set position = @to where name = @name and position = @from and epoch = @epoch", new { to, name = model.Cursor, from, epoch }, rows: 1);

    private async Task CommitAsync(WriteSet work, CancellationToken cancellation) => (await store.CommitAsync(work, cancellation)).Ensure();

    private WriteSet Work() => new(new MessageContext("rebuilds", service, new MessageHeaders()), time.GetUtcNow());
}

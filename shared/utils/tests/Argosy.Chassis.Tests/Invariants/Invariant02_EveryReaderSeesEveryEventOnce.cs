using Argosy.Chassis.EventStore;
using Argosy.Chassis.Messaging;
using Argosy.Chassis.Store;
using Argosy.Chassis.Tests.Store;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Invariants;

/// <summary>
/// What one process can show. The soak of several processes on one PostgreSQL, with long and killed transactions, is
/// <see cref="Invariant02_OnManyProcesses"/>.
/// </summary>
public abstract class Invariant02_EveryReaderSeesEveryEventOnce<TEngine> : IAsyncLifetime
    where TEngine : IEngine
{
    private const int Writers = 20;
    private const int Tries = 60;
    private static readonly StreamType<int, Counted> Counter = new StreamType<int, Counted>("counter", 0, (sum, e) => sum + e.By).Event<Counted>("counted");

    private FreshStore _fresh = null!;
    private IStore _store = null!;

    public async ValueTask InitializeAsync()
    {
        _fresh = await TEngine.OpenAsync(TimeProvider.System);
        _store = _fresh.Store;
    }

    public ValueTask DisposeAsync() => _fresh.DisposeAsync();

    [Fact]
    public async Task Every_reader_sees_every_committed_event_once_and_in_stream_order_while_writers_roll_back()
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        var written = new TaskCompletionSource<int>();
        var readers = Enumerable.Range(0, 3).Select(_ => Task.Run(() => TailAsync(written.Task, deadline.Token))).ToArray();

        var committed = await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(() => WriteAsync(writer))));
        written.SetResult(committed.Sum());

        committed.Sum().ShouldBeInRange(Writers * Tries / 4, Writers * Tries * 3 / 4, "some are rolled back, and some are not");
        foreach (var seen in await Task.WhenAll(readers))
        {
            seen.Select(e => e.Position).ShouldBe(seen.Select(e => e.Position).Order());
            seen.Select(e => (e.Stream, e.Version)).Distinct().Count().ShouldBe(committed.Sum());
            seen.GroupBy(e => e.Stream).ShouldAllBe(stream => stream.Select(e => e.Version).SequenceEqual(Enumerable.Range(1, stream.Count()).Select(v => (long)v)));
        }
    }

    // A reader follows positions, and is done when it has seen as many as there are.
    private async Task<List<EventRow>> TailAsync(Task<int> written, CancellationToken deadline)
    {
        var seen = new List<EventRow>();
        while (!written.IsCompleted || seen.Count < await written)
        {
            seen.AddRange(await _store.ReadAllAsync(seen.Count == 0 ? 0 : seen[^1].Position, 7, deadline));
        }

        return seen;
    }

    // Half of the write sets meet a conflict or fail after their events were inserted.
    private async Task<int> WriteAsync(int writer)
    {
        var chance = new Random(writer);
        var version = 0;
        for (var i = 0; i < Tries; i++)
        {
            var work = new WriteSet(new MessageContext($"{writer}/{i}", "readers", new MessageHeaders()), TimeProvider.System.GetUtcNow());
            work.Append(Counter, $"stream{writer}", version, new Counted(i));
            switch (chance.Next(4))
            {
                case 0:
                    work.Require("select 1 from es_stream where id = 'nobody'");
                    break;
                case 1:
                    work.Execute("insert into es_event (stream) values ('half')");
                    break;
            }

            version += (await _store.CommitAsync(work)).Result == CommitResult.Committed ? 1 : 0;
        }

        return version;
    }

    internal sealed record Counted(int By);
}

public sealed class Invariant02_EveryReaderSeesEveryEventOnceOnSqlite : Invariant02_EveryReaderSeesEveryEventOnce<OnSqlite>;

[Trait("on", "servers")]
public sealed class Invariant02_EveryReaderSeesEveryEventOnceOnPostgres : Invariant02_EveryReaderSeesEveryEventOnce<OnPostgres>;

using Argosy.Chassis.EventStore;
using Argosy.Chassis.Messaging;
using Argosy.Chassis.Store;
using Argosy.Chassis.Tests.Store;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Invariants;

/// <summary>StoreSuite has the first race, of twenty who all believe that there is no stream; here they believe all sorts of things.</summary>
public abstract class Invariant03_StaleVersionsNeverSucceed<TEngine>
    where TEngine : IEngine
{
    private static readonly StreamType<int, Counted> Counter = new StreamType<int, Counted>("counter", 0, (sum, e) => sum + e.By).Event<Counted>("counted");

    [Fact]
    public async Task A_stale_expected_version_never_succeeds_when_twenty_writers_race()
    {
        await using var desk = await Desk.OpenAsync<TEngine>();

        var won = await Task.WhenAll(Enumerable.Range(0, 20).Select(writer => Task.Run(() => RaceAsync(desk, writer))));

        // Whoever won at a version was the only one, and nobody won at a version that was not there.
        var versions = won.SelectMany(one => one).Order().ToList();
        versions.ShouldBe(Enumerable.Range(0, versions.Count).Select(version => (long)version));
        (await desk.Store.LoadAsync(Counter, "raced")).ShouldBe((versions.Count, versions.Count));
        versions.Count.ShouldBeGreaterThan(20);
    }

    private static async Task<List<long>> RaceAsync(Desk desk, int writer)
    {
        var (chance, won) = (new Random(writer), new List<long>());
        for (var i = 0; i < 30; i++)
        {
            var (_, version) = await desk.Store.LoadAsync(Counter, "raced");
            var believed = Math.Max(0, version - chance.Next(3) + chance.Next(2));
            var work = new WriteSet(new MessageContext($"{writer}/{i}", "race", new MessageHeaders()), TimeProvider.System.GetUtcNow());
            work.Append(Counter, "raced", believed, new Counted(1));
            var result = (await desk.Store.CommitAsync(work)).Result;
            result.ShouldBeOneOf(CommitResult.Committed, CommitResult.Conflict);       // and not a failure of the table's own constraint
            if (result == CommitResult.Committed)
            {
                won.Add(believed);
            }
        }

        return won;
    }

    internal sealed record Counted(int By);
}

public sealed class Invariant03_StaleVersionsNeverSucceedOnSqlite : Invariant03_StaleVersionsNeverSucceed<OnSqlite>;

[Trait("on", "servers")]
public sealed class Invariant03_StaleVersionsNeverSucceedOnPostgres : Invariant03_StaleVersionsNeverSucceed<OnPostgres>;

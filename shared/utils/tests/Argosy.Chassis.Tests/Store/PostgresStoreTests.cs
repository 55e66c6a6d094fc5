using Argosy.Chassis.Postgres;
using Argosy.Chassis.Store;
using Argosy.Testing;
using Npgsql;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Store;

[Trait("on", "servers")]
public sealed class PostgresStoreTests : StoreSuite
{
    private string _url = "";
    private PostgresStore _store = null!;

    protected override async Task<IStore> OpenAsync() => _store = TestPostgres.Open(_url = await TestPostgres.SchemaAsync());

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        await TestPostgres.AssertCommitLockAsync(_url);
    }

    protected override async Task<IStore> ReopenAsync()
    {
        await _store.DisposeAsync();
        return _store = TestPostgres.Open(_url);
    }

    public override async ValueTask DisposeAsync() => await _store.DisposeAsync();

    [Fact]
    public async Task A_commit_whose_fate_is_unknown_wakes_and_forgets_but_does_not_count()
    {
        // The session ends inside COMMIT: to the client that is the same before and after the commit record.
        await _store.MigrateAsync([new Migration("suite/ends.sql", """
            create function ends() returns trigger language plpgsql as 'begin perform pg_terminate_backend(pg_backend_pid()); return null; end';
            create constraint trigger ends after insert on thing deferrable initially deferred for each row execute function ends();
            """)]);

        (await AfterwardsAsync(work => work.Execute("insert into thing (id, n) values ('a', 1)"))).ShouldBe((CommitResult.Unknown, 1, 0));
    }

    [Fact]
    public async Task A_session_that_is_refused_may_be_let_in_later_whatever_code_the_refusal_has()
    {
        var (server, name) = (await TestPostgres.ServerAsync(), $"refused-{Guid.CreateVersion7():N}");
        await using var store = TestPostgres.Open(await server.CreateDatabaseAsync(name));
        await store.MigrateAsync([]);
        await server.ExecuteAsync($"revoke connect on database \"{name}\" from \"{name}\"");
        await server.EndSessionsAsync($"datname = '{name}'");

        var refusal = await Eventually.HasAsync(async () => await FailureAsync() is PostgresException { SqlState: "42501" } refused ? refused : null, "a session is refused");

        store.IsTransient(refusal).ShouldBeTrue(refusal.MessageText);
        await server.ExecuteAsync($"grant connect on database \"{name}\" to \"{name}\"");
        await Eventually.HoldsAsync(async () => await FailureAsync() is null, "it is let in");

        async Task<Exception?> FailureAsync()
        {
            try
            {
                await store.QueryAsync<long>("select 1");
                return null;
            }
            catch (Exception e) when (e is PostgresException or StoreAwayException)
            {
                return e;
            }
        }
    }

    [Fact]
    public async Task Texts_are_ordered_byte_by_byte_whatever_the_database_thinks_of_them()
    {
        var work = Work();
        work.Execute("insert into thing (id, n) values ('a', 1), ('B', 2), ('b', 3), ('_', 4), ('Ä', 5), ('z', 6)");
        (await Store.CommitAsync(work)).Ensure();

        (await Store.QueryAsync<string>("select id from thing order by id")).ShouldBe(["B", "_", "a", "b", "z", "Ä"]);
        (await (await TestPostgres.ServerAsync()).ExecuteAsync("select string_agg(x, '' order by x) from unnest(array['a', 'B', 'b']) x", "tests")).ShouldBe("abB");
    }
}

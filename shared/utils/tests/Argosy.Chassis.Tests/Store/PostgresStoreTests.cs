using Argosy.Chassis.Postgres;
using Argosy.Chassis.Store;
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
    public async Task Texts_are_ordered_byte_by_byte_whatever_the_database_thinks_of_them()
    {
        var work = Work();
        work.Execute("insert into thing (id, n) values ('a', 1), ('B', 2), ('b', 3), ('_', 4), ('Ä', 5), ('z', 6)");
        (await Store.CommitAsync(work)).Ensure();

        (await Store.QueryAsync<string>("select id from thing order by id")).ShouldBe(["B", "_", "a", "b", "z", "Ä"]);
        (await (await TestPostgres.ServerAsync()).ExecuteAsync("select string_agg(x, '' order by x) from unnest(array['a', 'B', 'b']) x", "tests")).ShouldBe("abB");
    }
}

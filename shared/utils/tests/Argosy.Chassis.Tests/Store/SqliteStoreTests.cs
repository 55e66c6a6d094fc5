using Argosy.Chassis.Sqlite;
using Argosy.Chassis.Store;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Store;

public sealed class SqliteStoreTests : StoreSuite
{
    readonly string folder = Directory.CreateTempSubdirectory("argosy-store-").FullName;
    SqliteStore store = null!;

    string File => Path.Combine(folder, "suite.db");

    protected override Task<IStore> OpenAsync() => Task.FromResult<IStore>(store = Open());

    protected override async Task<IStore> ReopenAsync()
    {
        await store.DisposeAsync();
        return store = Open();
    }

    public override async ValueTask DisposeAsync()
    {
        await store.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void A_file_that_another_process_owns_is_refused_with_its_name()
    {
        var error = Should.Throw<IOException>(Open);

        error.Message.ShouldContain(File);
    }

    [Fact]
    public async Task Every_commit_reaches_the_disk_before_it_is_acknowledged()
    {
        (await Store.QueryAsync<long>("pragma synchronous")).ShouldBe([2]);
        (await Store.QueryAsync<string>("pragma journal_mode")).ShouldBe(["wal"]);
    }

    SqliteStore Open() => SqliteStore.Open(File, TimeProvider.System, NullLogger<SqliteStore>.Instance);
}

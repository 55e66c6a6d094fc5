using Argosy.Chassis.Sqlite;
using Argosy.Chassis.Store;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Store;

public sealed class SqliteStoreTests : StoreSuite
{
    private readonly string _folder = Directory.CreateTempSubdirectory("argosy-store-").FullName;
    private SqliteStore _store = null!;

    private string File => Path.Combine(_folder, "suite.db");

    protected override Task<IStore> OpenAsync() => Task.FromResult<IStore>(_store = Open());

    protected override async Task<IStore> ReopenAsync()
    {
        await _store.DisposeAsync();
        return _store = Open();
    }

    public override async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
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

    private SqliteStore Open() => SqliteStore.Open(File, TimeProvider.System, NullLogger<SqliteStore>.Instance);
}

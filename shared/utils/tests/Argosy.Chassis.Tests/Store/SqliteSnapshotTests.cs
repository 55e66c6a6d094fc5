using Argosy.Chassis.Messaging;
using Argosy.Chassis.Sqlite;
using Argosy.Chassis.Store;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Store;

/// <summary>A snapshot is of the instant at which the pipeline stood still, and a hold that nobody ends ends by itself.</summary>
public sealed class SqliteSnapshotTests : IAsyncLifetime
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(60);

    private readonly string _folder = Directory.CreateTempSubdirectory("argosy-test-").FullName;
    private SqliteStore _store = null!;
    private int _written;

    public async ValueTask InitializeAsync()
    {
        _store = SqliteStore.Open(Path.Combine(_folder, "test.db"), TimeProvider.System, NullLogger<SqliteStore>.Instance);
        await _store.MigrateAsync([new Migration("test/schema.sql", "create table item (id bigint primary key)")]);
    }

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Nothing_is_committed_until_the_hold_is_released()
    {
        await WriteAsync();
        await using var snapshot = await _store.HoldAsync(Long);
        var waiting = WriteAsync();
        await Task.WhenAny(waiting, Task.Delay(100));
        waiting.IsCompleted.ShouldBeFalse();
        (await CountAsync()).ShouldBe(1);

        snapshot.Release().ShouldBeTrue();
        await waiting;
        (await CountAsync()).ShouldBe(2);
    }

    [Fact]
    public async Task A_copy_has_what_was_committed_before_the_hold_and_nothing_that_came_after()
    {
        var loads = Enumerable.Range(0, 8).Select(async _ =>
        {
            for (var i = 0; i < 50; i++)
            {
                await WriteAsync();
            }
        }).ToList();
        await using var snapshot = await _store.HoldAsync(Long);
        var then = await CountAsync();
        snapshot.Release().ShouldBeTrue();
        await Task.WhenAll(loads);

        var copy = Path.Combine(_folder, "copy.db");
        snapshot.CopyTo(copy);
        await using var connection = new SqliteConnection($"Data Source={copy};Pooling=false");
        await connection.OpenAsync();
        await using var count = connection.CreateCommand();
        count.CommandText = "select count(*) from item";
        (await count.ExecuteScalarAsync()).ShouldBe(then);
        count.CommandText = "pragma integrity_check";
        (await count.ExecuteScalarAsync()).ShouldBe("ok");
        (await CountAsync()).ShouldBe(400);
    }

    [Fact]
    public async Task A_hold_that_nobody_releases_ends_by_itself_and_its_holder_is_told_so()
    {
        await using var snapshot = await _store.HoldAsync(TimeSpan.FromMilliseconds(50));
        await WriteAsync();
        snapshot.Release().ShouldBeFalse();
    }

    private async Task WriteAsync()
    {
        var work = new WriteSet(new MessageContext("test", "test", new MessageHeaders()), DateTimeOffset.UnixEpoch);
        work.Execute("insert into item (id) values (@id)", new { id = (long)Interlocked.Increment(ref _written) }, rows: 1);
        (await _store.CommitAsync(work)).Result.ShouldBe(CommitResult.Committed);
    }

    private Task<long> CountAsync() => _store.FirstOrDefaultAsync<long>("select count(*) from item");
}

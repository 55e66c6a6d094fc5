using Argosy.Chassis.Postgres;
using Argosy.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

[assembly: AssemblyFixture(typeof(Argosy.Chassis.Tests.Store.TestPostgres))]

namespace Argosy.Chassis.Tests.Store;

/// <summary>One PostgreSQL for all tests of this assembly that want a database and do no harm to the server; begun when the first asks.</summary>
public sealed class TestPostgres : IAsyncDisposable
{
    private static readonly Lazy<Task<PostgresServer>> Server = new(StartAsync);
    private static readonly Lazy<Task<string>> Database = new(async () => await (await ServerAsync()).CreateDatabaseAsync("tests"));
    private static int _schemas;

    /// <summary>The server; without one the test is left out, which says so and which continuous integration does not accept.</summary>
    public static Task<PostgresServer> ServerAsync() => Server.Value;

    /// <summary>A server of its own, for who stops it or kills it.</summary>
    public static async Task<PostgresServer> StartAsync()
    {
        var programs = await PostgresServer.FindAsync();
        if (programs is null)
        {
            Assert.Skip("PostgreSQL is not here and could not be installed: install Debian's package postgresql.");
        }

        return await PostgresServer.StartAsync(programs!);
    }

    /// <summary>The <c>DATABASE_URL</c> of a new schema on the common server.</summary>
    public static async Task<string> SchemaAsync() => $"{await Database.Value}?schema=test_{Interlocked.Increment(ref _schemas)}&connect_timeout=60&pool_min=0";

    /// <summary>From now on nothing is inserted into the schema's logs without the commit lock.</summary>
    public static async Task AssertCommitLockAsync(string url)
    {
        var address = PostgresAddress.Parse(url, out _)!;
        await (await ServerAsync()).AssertCommitLockAsync(address.Database, address.Schema);
    }

    /// <summary>A store at a <c>DATABASE_URL</c>.</summary>
    internal static PostgresStore Open(string url, TimeProvider? time = null) =>
        PostgresStore.Open(PostgresAddress.Parse(url, out _)!, "tests", time ?? TimeProvider.System, NullLogger<PostgresStore>.Instance);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Server.IsValueCreated && Server.Value.IsCompletedSuccessfully)
        {
            await (await Server.Value).DisposeAsync();
        }
    }
}

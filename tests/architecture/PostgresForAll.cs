using Argosy.Testing;
using Npgsql;
using Xunit;

namespace Argosy.Architecture;

/// <summary>One PostgreSQL for the tests of a class; begun when the first asks.</summary>
public sealed class PostgresForAll : IAsyncDisposable
{
    private readonly Lazy<Task<PostgresServer>> _server = new(StartAsync);

    /// <summary>A connection to a new database. Without a server the test is left out, which says so and which continuous integration does not accept.</summary>
    public async Task<NpgsqlConnection> OpenAsync(string name)
    {
        var url = new Uri(await (await _server.Value).CreateDatabaseAsync(name));
        var user = url.UserInfo.Split(':');
        var connection = new NpgsqlConnection($"Host={url.Host};Port={url.Port};Database={url.AbsolutePath.Trim('/')};Username={user[0]};Password={user[1]};Pooling=false;GssEncryptionMode=Disable");
        await connection.OpenAsync();
        return connection;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_server is { IsValueCreated: true, Value.IsCompletedSuccessfully: true })
        {
            await (await _server.Value).DisposeAsync();
        }
    }

    private static async Task<PostgresServer> StartAsync()
    {
        var programs = await PostgresServer.FindAsync();
        Assert.SkipWhen(programs is null, "PostgreSQL is not here and could not be installed: install Debian's package postgresql.");
        return await PostgresServer.StartAsync(programs!);
    }
}

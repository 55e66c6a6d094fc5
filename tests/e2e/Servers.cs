using Argosy.Testing;

namespace Argosy.E2E;

/// <summary>The servers that a fleet may stand on: installed from Debian's packages where this process may do that.</summary>
internal static class Servers
{
    public static async Task InstallAsync()
    {
        if (await PostgresServer.FindAsync() is null || !await RabbitServer.InstalledAsync() || await RedisServer.FindAsync() is null)
        {
            throw new InvalidOperationException("These tests need PostgreSQL, RabbitMQ and Redis: apt-get install postgresql rabbitmq-server redis-server.");
        }
    }
}

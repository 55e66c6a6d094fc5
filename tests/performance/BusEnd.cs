using Argosy.Chassis.Messaging;
using Argosy.Chassis.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Argosy.Performance;

/// <summary>What the bus sees of one service: its database, a file, and its inbox.</summary>
internal sealed class BusEnd : IAsyncDisposable
{
    private readonly ServiceProvider _services;

    public BusEnd(string service, string folder, HandlerTable handlers, Action<IServiceCollection> register)
    {
        Service = service;
        var services = new ServiceCollection();
        register(services);
        _services = services.BuildServiceProvider();
        Store = SqliteStore.Open(Path.Combine(folder, $"{service}.db"), TimeProvider.System, NullLogger<SqliteStore>.Instance);
        Inbox = new Inbox(service, Store, handlers, _services, TimeProvider.System, Random.Shared, NullLogger<Inbox>.Instance);
    }

    public string Service { get; }

    public SqliteStore Store { get; }

    public Lanes Lanes { get; } = new();

    public Inbox Inbox { get; }

    public async ValueTask DisposeAsync()
    {
        await Lanes.DisposeAsync();
        await Store.DisposeAsync();
        await _services.DisposeAsync();
    }
}

using System.Reflection;
using Argosy.Chassis.Caching;
using Argosy.Chassis.Messaging;
using Argosy.Chassis.Sqlite;
using Argosy.Chassis.Store;
using Google.Protobuf;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Argosy.Testing;

/// <summary>
/// A service's message handlers in the test's own process, behind the real inbox, lanes and commit pipeline, on a real SQLite file:
/// for thousands of messages, where a process with HTTP between would be too slow.
/// </summary>
public sealed class MessageBench : IAsyncDisposable
{
    private readonly string _folder;
    private readonly string _service;
    private readonly SqliteStore _store;
    private readonly ServiceProvider _services;
    private readonly Inbox _inbox;
    private readonly Lanes _lanes = new();

    private MessageBench(string service, string folder, SqliteStore store, ServiceProvider services, IEnumerable<Type> handlers)
    {
        (_service, _folder, _store, _services) = (service, folder, store, services);
        var table = new HandlerTable();
        foreach (var type in handlers)
        {
            table.AddClass(type);
        }

        _inbox = new Inbox(service, store, table, services, TimeProvider.System, new Random(1), NullLogger<Inbox>.Instance);
    }

    /// <summary>The service's database.</summary>
    public IStore Store => _store;

    /// <summary>What the handlers are made with.</summary>
    public IServiceProvider Services => _services;

    /// <summary>Opens a new database with the service's schema, and makes the handlers with what <paramref name="register"/> adds.</summary>
    public static async Task<MessageBench> OpenAsync(string service, Assembly program, Action<IServiceCollection> register, params IReadOnlyList<Type> handlers)
    {
        var folder = Directory.CreateTempSubdirectory($"argosy-{service}-").FullName;
        var store = SqliteStore.Open(Path.Combine(folder, $"{service}.db"), TimeProvider.System, NullLogger<SqliteStore>.Instance);
        await store.MigrateAsync(SchemaOf(program));
        var services = new ServiceCollection().AddLogging().AddSingleton(TimeProvider.System).AddSingleton<IStore>(store)
            .AddSingleton<ISharedCache, NoSharedCache>().AddSingleton(new CacheOptions()).AddSingleton<TwoLevelCache>();
        foreach (var type in handlers)
        {
            services.AddSingleton(type);
        }

        register(services);
        return new MessageBench(service, folder, store, services.BuildServiceProvider(), handlers);
    }

    /// <summary>Delivers a message through its lane; returns when it is committed or parked. Without an id it is a new message.</summary>
    public Task DeliverAsync(IMessage message, string? id = null, MessageHeaders? headers = null)
    {
        var envelope = BusPeer.Wrap("bench", message, id, headers);
        return _lanes.RunAsync(envelope.Key, cancellation => _inbox.ReceiveAsync(envelope, cancellation), CancellationToken.None);
    }

    /// <summary>Commits what a test sets up by hand.</summary>
    public async Task CommitAsync(Action<WriteSet> fill)
    {
        var now = TimeProvider.System.GetUtcNow();
        var work = new WriteSet(new MessageContext(Guid.CreateVersion7(now).ToString(), _service, new MessageHeaders()), now);
        fill(work);
        (await _store.CommitAsync(work)).Ensure();
    }

    /// <summary>Everything of a type that was published, in commit order.</summary>
    public async Task<IReadOnlyList<T>> PublishedAsync<T>() where T : IMessage<T>, new()
    {
        var parser = new MessageParser<T>(() => new T());
        var rows = await Outbox.ReadAsync(_store, 0, [new T().Descriptor.FullName], int.MaxValue, CancellationToken.None);
        return [.. rows.Select(row => parser.ParseFrom(row.Body))];
    }

    /// <summary>Why messages are parked, which in most tests is a failure.</summary>
    public Task<IReadOnlyList<string>> ParkedAsync() => _store.QueryAsync<string>("select coalesce(error, state) from bus_parked order by ord");

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _lanes.DisposeAsync();
        await _services.DisposeAsync();
        await _store.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private static IReadOnlyList<Migration> SchemaOf(Assembly program) =>
    [
        .. program.GetManifestResourceNames()
            .Where(name => name.StartsWith("schema", StringComparison.Ordinal) && name.EndsWith(".sql", StringComparison.Ordinal))
            .OrderBy(name => name.Length).ThenBy(name => name, StringComparer.Ordinal)      // schema.sql, schema.2.sql, … schema.10.sql
            .Select(name =>
            {
                using var reader = new StreamReader(program.GetManifestResourceStream(name)!);
                return new Migration(name, reader.ReadToEnd());
            }),
    ];
}

using System.Reflection;
using Argosy.Chassis.Auditing;
using Argosy.Chassis.EventStore;
using Argosy.Chassis.Hosting.Admin;
using Argosy.Chassis.Hosting.Bus;
using Argosy.Chassis.Hosting.Identity;
using Argosy.Chassis.Hosting.Shedding;
using Argosy.Chassis.Hosting.Telemetry;
using Argosy.Chassis.Hosting.Writes;
using Argosy.Chassis.Messaging;
using Argosy.Chassis.Postgres;
using Argosy.Chassis.RabbitMq;
using Argosy.Chassis.Sagas;
using Argosy.Chassis.Sqlite;
using Argosy.Chassis.Store;
using Argosy.Chassis.Telemetry;
using Argosy.Contracts.Auth.V1;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Argosy.Chassis.Hosting;

/// <summary>What a service has that the gateway has not: a store, the bus, identity, and writes that commit once.</summary>
public static class ServiceSetup
{
    /// <summary>The class's public <c>Handle(TMessage, WriteSet, CancellationToken)</c> methods are what this service does when others speak.</summary>
    public static ArgosyBuilder Handle<T>(this ArgosyBuilder argosy)
        where T : class
    {
        argosy.Services.AddSingleton<T>();
        argosy.Services.AddSingleton(new Registration(table => table.AddClass(typeof(T))));
        return argosy;
    }

    /// <summary>This service owns the saga: it hears the replies and watches the deadlines.</summary>
    public static ArgosyBuilder Run(this ArgosyBuilder argosy, Saga saga)
    {
        argosy.Services.AddSingleton(saga);
        return argosy;
    }

    /// <summary>These read models are this service's, and an operator may have them made anew from their events.</summary>
    public static ArgosyBuilder Shows(this ArgosyBuilder argosy, IReadOnlyList<ReadModel> models)
    {
        foreach (var model in models)
        {
            argosy.Services.AddSingleton(model);
        }

        return argosy;
    }

    internal static void AddService(this ArgosyBuilder argosy)
    {
        AddIdentity(argosy);
        AddStore(argosy);
        AddMessaging(argosy);
        AddWrites(argosy);
    }

    internal static void MapService(this WebApplication app)
    {
        // The gateway has no store, and nothing of this; a service with wrong configuration will not run.
        var options = app.Services.GetRequiredService<ServiceOptions>();
        if (app.Services.GetService<Schema>() is null || app.Services.GetRequiredService<Settings>().Errors.Count > 0)
        {
            return;
        }

        app.Use(app.Services.GetRequiredService<ServiceStart>().RefuseEarlyAsync);
        app.UseArgosyIdentity();
        app.UseCardNumberRefusal();
        app.UseIdempotencyKeys();
        if (options is { RabbitMq: null, BusKeys: not null })
        {
            app.MapPost("/bus/v1", static (HttpContext http, BusEndpoint bus) => bus.ReceiveAsync(http))
                .AllowAnonymous().ServedAs(Priority.PaymentResults).WithMetadata(new QuietMetadata(), new BatchSize()).ExcludeFromDescription();     // there with one of two buses; its wire is shared/proto
        }

        var admin = app.MapGroup("/admin").RequireAdmin().ServedAs(Priority.Checkout);
        admin.MapBreakers();
        admin.MapDeadLetters();
        admin.MapSagas();
        admin.MapProjections();
        admin.MapBackups();
        admin.MapAudit();
    }

    private static void AddIdentity(ArgosyBuilder argosy)
    {
        argosy.Services.AddArgosyIdentity(IdentityOptions.Read(argosy.Settings, argosy.Options));
        argosy.Services.AddSingleton<DenyList>();
        if (Catalog.Embedded.Find(argosy.Options.Name)?.Handles.Contains(SessionRevoked.Descriptor.FullName, StringComparer.Ordinal) == true)
        {
            argosy.Handle<DenyList>();
        }
    }

    private static void AddStore(ArgosyBuilder argosy)
    {
        if (argosy.Options.Database is not { } database)
        {
            argosy.Settings.Refuse("DATABASE_URL", "is missing: give sqlite:PATH, the file where this service keeps its data, or postgresql://USER:PASSWORD@HOST:PORT/DATABASE.");
            return;
        }

        var name = argosy.Options.Name;
        argosy.Services.AddSingleton<IStore>(services => database switch
        {
            DatabaseUrl.InFile file => SqliteStore.Open(file.Path, services.GetRequiredService<TimeProvider>(), services.GetRequiredService<ILogger<SqliteStore>>()),
            DatabaseUrl.OnPostgres there => PostgresStore.Open(there.Address, name, services.GetRequiredService<TimeProvider>(), services.GetRequiredService<ILogger<PostgresStore>>()),
            _ => throw new InvalidOperationException($"There is no adapter for {database.GetType().Name}."),
        });
        argosy.Services.AddSingleton<Backups>();
        argosy.Services.AddSingleton(new Schema(ReadSchema(argosy.Options.Name, Assembly.GetEntryAssembly()!)));
        argosy.Services.AddSingleton<ServiceStart>();
        argosy.Services.AddHostedService<Restoration>();
        ((IHostApplicationBuilder)argosy.Host).ConfigureContainer(new DefaultServiceProviderFactory(), ServiceStart.HoldBack);
        argosy.Needs("database", static async (services, cancellation) =>
            services.GetRequiredService<ServiceStart>().Fault is { } fault ? fault : await services.GetRequiredService<IStore>().FirstOrDefaultAsync<long>("select 1", null, cancellation) == 1 ? null : "answers nonsense");
    }

    private static void AddMessaging(ArgosyBuilder argosy)
    {
        var services = argosy.Services;
        var name = argosy.Options.Name;
        services.AddSingleton(Catalog.Embedded);
        services.AddSingleton<SagaRouter>();
        services.AddSingleton(provider =>
        {
            var table = new HandlerTable();
            foreach (var registration in provider.GetServices<Registration>())
            {
                registration.Fill(table);
            }

            provider.GetRequiredService<SagaRouter>().Register(table);
            return table;
        });
        services.AddSingleton(_ => new Lanes());
        services.AddSingleton(provider => ActivatorUtilities.CreateInstance<Inbox>(
            provider, name, Random.Shared, argosy.Options.RabbitMq is null ? BusTelemetry.Push : BusTelemetry.RabbitMq));
        services.AddHostedService<ParkedWorker>();
        services.AddHostedService<SagaDeadlines>();
        services.AddSingleton(provider => ActivatorUtilities.CreateInstance<Rebuilds>(provider, name, provider.GetServices<ReadModel>().ToList()));
        services.AddHostedService(provider => provider.GetRequiredService<Rebuilds>());
        services.AddSingleton<IScrapeReading, BacklogGauges>();
        services.AddSingleton<StandingSagas>();
        var cursors = argosy.Options.RabbitMq is { } url ? AddRabbitMq(argosy, url) : AddPush(argosy);
        services.AddHostedService(provider => ActivatorUtilities.CreateInstance<Cleanup>(provider, name, cursors));
    }

    // Each gives the cursors that hold back the cleaning of the outbox.
    private static IReadOnlyList<string> AddRabbitMq(ArgosyBuilder argosy, RabbitUrl url)
    {
        var part = Catalog.Embedded.PartOf(argosy.Options.Name);

        // One process owns a file: the next one is the same instance, and need not wait for the leases of a crashed one to run out.
        var instance = argosy.Options.Database is DatabaseUrl.InFile ? argosy.Options.Name : Ids.New(TimeProvider.System);
        argosy.Services.AddSingleton<IBus>(provider => ActivatorUtilities.CreateInstance<RabbitBus>(provider, part, instance, RabbitBus.LeaseTime, url));
        argosy.Services.AddHostedService(provider => (RabbitBus)provider.GetRequiredService<IBus>());
        NeedsBus(argosy);
        return [RabbitRelay.Cursor];
    }

    private static IReadOnlyList<string> AddPush(ArgosyBuilder argosy)
    {
        var subscribers = Subscribers(argosy);
        IReadOnlyList<string> cursors = [.. subscribers.Select(subscriber => PushRelay.CursorName(subscriber.Name))];
        if (argosy.Options.BusKeys is not { } folder)
        {
            if (!argosy.Options.IsLocal)
            {
                argosy.Settings.Refuse("BUS_KEYS", "is missing: give the folder with this service's private key and everybody's public ones, or a broker in RABBITMQ_URL.");
            }

            return cursors;     // on a laptop a service may run alone: what it publishes waits in the outbox
        }

        var services = argosy.Services;
        services.AddSingleton(provider => ActivatorUtilities.CreateInstance<BusKeys>(provider, folder, argosy.Options.Name));
        services.AddSingleton(provider => ActivatorUtilities.CreateInstance<Admission>(provider, argosy.Options.Name));
        services.AddSingleton(provider => ActivatorUtilities.CreateInstance<BusEndpoint>(provider, argosy.Options.Name));
        services.AddSingleton<IBus>(provider => ActivatorUtilities.CreateInstance<BusRelays>(provider, argosy.Options.Name, subscribers));
        services.AddHostedService(provider => (BusRelays)provider.GetRequiredService<IBus>());
        NeedsBus(argosy);
        return cursors;
    }

    private static void NeedsBus(ArgosyBuilder argosy) =>
        argosy.Needs("bus", static (provider, _) => ValueTask.FromResult(provider.GetRequiredService<IBus>().Fault));

    private static List<Subscriber> Subscribers(ArgosyBuilder argosy)
    {
        var subscribers = new List<Subscriber>();
        foreach (var (service, types) in Catalog.Embedded.SubscribersOf(argosy.Options.Name))
        {
            if (argosy.Options.AddressesOf(service) is [var address])
            {
                subscribers.Add(new Subscriber(service, address, types));
            }
            else if (argosy.Options.AddressOf(service) is not null)
            {
                argosy.Settings.Refuse("SERVICE_ENDPOINTS", $"lists several instances of {service}, and {argosy.Options.Name} pushes to one of each service: leave one, or give a broker in RABBITMQ_URL.");
            }
            else
            {
                argosy.Settings.Refuse("SERVICE_ENDPOINTS", $"has no entry for {service}, which hears what {argosy.Options.Name} publishes: add {service}=http://HOST:PORT.");
            }
        }

        return subscribers;
    }

    private static void AddWrites(ArgosyBuilder argosy)
    {
        argosy.Services.AddHttpContextAccessor();
        var given = argosy.Settings.Text("IDEMPOTENCY_KEY_PATH");
        if (given is not null && !argosy.Options.IsLocal && !File.Exists(given))
        {
            argosy.Settings.Refuse("IDEMPOTENCY_KEY_PATH", $"is '{given}', and there is no such file: give one of {RequestHasher.KeySize} random bytes, the same to all instances of this service.");
        }

        var path = given ?? Path.Combine(argosy.Options.DataDirectory, "keys", "idempotency.key");
        argosy.Services.AddSingleton(_ => RequestHasher.Load(path));
        argosy.Services.AddSingleton(provider => new AuditKey(provider.GetRequiredService<RequestHasher>().Derive("audit trail")));
        argosy.Services.AddSingleton(_ => new AuditHead(Path.Combine(argosy.Options.DataDirectory, "audit-head")));
        argosy.Services.AddHostedService(provider => ActivatorUtilities.CreateInstance<AuditSealer>(provider, argosy.Options.Name));
        argosy.Services.AddSingleton(provider => new AddressNames(provider.GetRequiredService<RequestHasher>().Derive("audited addresses")));
        argosy.Services.AddSingleton<AuditTally>();
        argosy.Services.AddHostedService(provider => ActivatorUtilities.CreateInstance<AuditTallyWriter>(provider, argosy.Options.Name));
        argosy.Services.AddScoped(provider => RequestWork(provider, argosy.Options.Name));
    }

    // With an idempotency key identities derive from it: the same request makes the same order, however often it is decided.
    private static WriteSet RequestWork(IServiceProvider provider, string service)
    {
        var time = provider.GetRequiredService<TimeProvider>();
        var http = provider.GetRequiredService<IHttpContextAccessor>().HttpContext
            ?? throw new InvalidOperationException("Outside of a request a write set is made, not injected: new WriteSet(context, now).");
        var id = http.Features.Get<IdempotencyKey>() is { } key ? Ids.From($"{service}\n{key.Text}") : Ids.New(time);
        return new WriteSet(new MessageContext(id, service, new MessageHeaders { CorrelationId = Correlation.Current }), time.GetUtcNow());
    }

    // schema.sql, schema.2.sql, …: embedded in the service, in the order of their numbers.
    private static List<Migration> ReadSchema(string service, Assembly assembly) =>
    [
        .. assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith("schema", StringComparison.Ordinal) && name.EndsWith(".sql", StringComparison.Ordinal))
            .OrderBy(name => name.Split('.') is [_, var number, _] ? int.Parse(number) : 1)
            .Select(name =>
            {
                using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
                return new Migration($"{service}/{name}", reader.ReadToEnd());
            }),
    ];

    private sealed class BatchSize : IRequestSizeLimitMetadata
    {
        public long? MaxRequestBodySize => BusEndpoint.MaxBody;
    }

    internal sealed record Registration(Action<HandlerTable> Fill);
}

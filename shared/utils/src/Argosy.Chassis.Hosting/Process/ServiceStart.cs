using System.Runtime.ExceptionServices;
using Argosy.Chassis.Store;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Argosy.Chassis.Hosting;

/// <summary>
/// No service starts half: what it runs in the background waits for its schema. The protocol:
/// <list type="number">
/// <item>Before the container is built, every background service but the framework's, the web server among them, is held back.</item>
/// <item>Bring the schema up to date. A file that cannot be used stops the start; a database that is away is waited for, at most 15 s
/// between two tries, one line in the log for each new reason. Meanwhile the process is alive, not ready, and refuses requests.</item>
/// <item>Start what was held back, in its order. Where instances share the database they do this one after the other: what is made at
/// the first start is made once.</item>
/// <item>At the end stop it, in reverse.</item>
/// </list>
/// </summary>
internal sealed partial class ServiceStart(
    IServiceProvider services, Schema schema, IHostApplicationLifetime host, TimeProvider time, ILogger<ServiceStart> log) : IHostedService, IDisposable
{
    // A start that takes longer goes on beside the web server's, so that /health answers.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan Turn = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan TurnPoll = TimeSpan.FromMilliseconds(200);

    private readonly CancellationTokenSource _stop = new();
    private readonly List<IHostedService> _started = [];
    private Task _starting = Task.CompletedTask;
    private string? _fault = "the service has not started";
    private Exception? _failure;

    /// <summary>Why the service does not run yet, or null.</summary>
    public string? Fault => Volatile.Read(ref _fault);

    /// <summary>Holds back what was registered as a background service, by whomever, until the schema is there.</summary>
    public static void HoldBack(IServiceCollection services)
    {
        var first = services.Count;
        for (var i = services.Count - 1; i >= 0; i--)
        {
            if (services[i] is { IsKeyedService: false } one && one.ServiceType == typeof(IHostedService) && IsOurs(one))
            {
                first = i;
                services[i] = one switch
                {
                    { ImplementationType: { } type } => ServiceDescriptor.KeyedSingleton(typeof(IHostedService), typeof(ServiceStart), type),
                    { ImplementationFactory: { } make } => ServiceDescriptor.KeyedSingleton(typeof(IHostedService), typeof(ServiceStart), (provider, _) => make(provider)),
                    _ => ServiceDescriptor.KeyedSingleton(typeof(IHostedService), typeof(ServiceStart), one.ImplementationInstance!),
                };
            }
        }

        // In the place of them all, before the web server.
        services.Insert(first, ServiceDescriptor.Singleton<IHostedService>(static provider => provider.GetRequiredService<ServiceStart>()));
    }

    /// <summary>Throws what has ended the start after <see cref="StartAsync"/> had returned.</summary>
    public void ThrowIfFailed()
    {
        if (_failure is not null)
        {
            ExceptionDispatchInfo.Throw(_failure);
        }
    }

    /// <summary>Requests that come before the service has started are refused; probes are answered.</summary>
    public async Task RefuseEarlyAsync(HttpContext http, RequestDelegate next)
    {
        if (Fault is null || http.GetEndpoint()?.Metadata.GetMetadata<ProbeMetadata>() is not null)
        {
            await next(http);
            return;
        }

        await Problem.Unavailable("service.starting", "The service waits for its database; ask again.", TimeSpan.FromSeconds(1)).ToResult().ExecuteAsync(http);
    }

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        _starting = Task.Run(UntilStartedAsync, CancellationToken.None);
        if (services.GetRequiredService<ServiceOptions>().Database is DatabaseUrl.OnPostgres)
        {
            await Task.WhenAny(_starting, Task.Delay(Patience, time, cancellationToken));
        }
        else
        {
            await _starting.WaitAsync(cancellationToken);
        }

        ThrowIfFailed();
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stop.CancelAsync();
        await _starting.WaitAsync(cancellationToken);
        foreach (var service in Enumerable.Reverse(_started))
        {
            await service.StopAsync(cancellationToken);
        }
    }

    public void Dispose() => _stop.Dispose();

    // Never throws: what ends it is noted, and ends the process.
    private async Task UntilStartedAsync()
    {
        try
        {
            await MigrateAsync(_stop.Token);
            await StartHeldAsync(_stop.Token);
            Volatile.Write(ref _fault, null);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // Told to stop before it was started.
        }
        catch (Exception e)
        {
            Volatile.Write(ref _failure, e);
            host.StopApplication();
        }
    }

    private async Task MigrateAsync(CancellationToken stopping)
    {
        var said = "";
        for (var failures = 0; ; failures++)
        {
            try
            {
                await services.GetRequiredService<IStore>().MigrateAsync(schema.Scripts, stopping);
                return;
            }
            catch (StoreAwayException e)
            {
                Volatile.Write(ref _fault, "the database is away");
                if (e.Message != said)
                {
                    LogAway(said = e.Message);
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or MigrationException or Microsoft.Data.Sqlite.SqliteException)
            {
                throw new ConfigurationException([$"DATABASE_URL: {e.Message}"]);
            }

            await Task.Delay(Pause(failures), time, stopping);
        }
    }

    private async Task StartHeldAsync(CancellationToken stopping)
    {
        var store = services.GetRequiredService<IStore>();
        Volatile.Write(ref _fault, "the service has not started");
        var turn = store.IsShared ? await TurnAsync(store, stopping) : null;
        foreach (var service in services.GetKeyedServices<IHostedService>(typeof(ServiceStart)))
        {
            await StartAsync(service, store, stopping);
            _started.Add(service);
            if (service is BackgroundService { ExecuteTask: { } runs })
            {
                _ = WatchAsync(service, runs);
            }
        }

        if (turn is not null)
        {
            await AgainAsync(store, () => store.ReleaseAsync(turn, stopping), stopping);
        }
    }

    private async Task<Lease> TurnAsync(IStore store, CancellationToken stopping)
    {
        var self = Ids.New(time);
        while (true)
        {
            Lease? lease = null;
            await AgainAsync(store, async () => lease = await store.ClaimAsync("start", self, Turn, stopping), stopping);
            if (lease is not null)
            {
                return lease;
            }

            await Task.Delay(TurnPoll, time, stopping);
        }
    }

    private Task StartAsync(IHostedService service, IStore store, CancellationToken stopping) => AgainAsync(store, () => service.StartAsync(stopping), stopping);

    // The database may go away in the middle of it, too.
    private async Task AgainAsync(IStore store, Func<Task> act, CancellationToken stopping)
    {
        for (var failures = 0; ; failures++)
        {
            try
            {
                await act();
                return;
            }
            catch (Exception e) when (store.IsShared && (store.IsTransient(e) || e is CommitException { Result: CommitResult.Unknown }))
            {
                LogAway(e.Message);
                await Task.Delay(Pause(failures), time, stopping);
            }
        }
    }

    // As the host does with those that it starts itself: a background service that dies ends the process.
    private async Task WatchAsync(IHostedService service, Task runs)
    {
        try
        {
            await runs;
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // Told to.
        }
        catch (Exception e)
        {
            LogDied(e, service.GetType().Name);
            host.StopApplication();
        }
    }

    private static TimeSpan Pause(int failures) =>
        TimeSpan.FromMilliseconds(Math.Min(LongestPause.TotalMilliseconds, FirstPause.TotalMilliseconds * Math.Pow(2, Math.Min(failures, 10))));

    private static bool IsOurs(ServiceDescriptor service)
    {
        var maker = service.ImplementationType ?? service.ImplementationFactory?.Method.DeclaringType ?? service.ImplementationInstance!.GetType();
        return !maker.Assembly.GetName().Name!.StartsWith("Microsoft.", StringComparison.Ordinal);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The service waits for its database: {Reason}")]
    private partial void LogAway(string reason);

    [LoggerMessage(Level = LogLevel.Critical, Message = "{Worker} has died; the process ends")]
    private partial void LogDied(Exception error, string worker);
}

/// <summary>The service's own scripts.</summary>
internal sealed record Schema(IReadOnlyList<Migration> Scripts);

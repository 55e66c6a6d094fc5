using System.Security.Cryptography;
using Argosy.Chassis.Messaging;
using Argosy.Chassis.Resilience;
using Argosy.Chassis.Store;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Argosy.Chassis.Hosting.Bus;

/// <summary>
/// Runs a relay for each subscriber of what this service publishes, in one instance at a time. A relay that another instance's has
/// replaced ends, and with it this instance's turn; where nobody shares the store it ends the process, which must not look healthy.
/// </summary>
internal sealed partial class BusRelays(
    string service, IReadOnlyList<Subscriber> subscribers, IStore store, BusKeys keys, TimeProvider time, ILogger<BusRelays> log) : BackgroundService, IBus
{
    private bool _running;
    private PushRelay[] _relays = [];

    /// <inheritdoc/>
    public string? Fault => Volatile.Read(ref _running) ? null : "the relays have not started";

    /// <inheritdoc/>
    public IReadOnlyList<IRelay> Relays => Volatile.Read(ref _relays);

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            keys.Load();
        }
        catch (Exception e) when (e is IOException or CryptographicException or ArgumentException or UnauthorizedAccessException)
        {
            throw new ConfigurationException([$"BUS_KEYS: the private key of {service} cannot be read: {e.Message}"]);
        }

        await PushRelay.RegisterAsync(service, subscribers, store, time, cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var http = new HttpMessageInvoker(new LostConnectionHandler(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            ConnectTimeout = TimeSpan.FromSeconds(2),
            MaxConnectionsPerServer = 2,
            ActivityHeadersPropagator = null,       // each message carries its own trace
        }));
        Volatile.Write(ref _running, true);
        if (subscribers.Count > 0)
        {
            await new LeaseHolder("push", store, time, log).RunAsync(lease => PushAsync(http, lease), stoppingToken);
        }
    }

    private async Task PushAsync(HttpMessageInvoker http, CancellationToken cancellation)
    {
        using var together = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Volatile.Write(ref _relays, [.. subscribers.Select(subscriber => new PushRelay(service, subscriber, store, http, keys.TokenFor, time, Random.Shared, log))]);
        var runs = _relays.Select(relay => relay.RunAsync(together.Token)).ToArray();
        try
        {
            await await Task.WhenAny(runs);
        }
        catch (RelayReplacedException e) when (store.IsShared)
        {
            LogReplaced(e.Message);
        }
        finally
        {
            await together.CancelAsync();
            await Task.WhenAll(runs).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            Volatile.Write(ref _relays, []);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Reason}")]
    private partial void LogReplaced(string reason);
}

using Argosy.Chassis.Resilience;
using Microsoft.Extensions.Hosting;

namespace Argosy.Chassis.Hosting;

/// <summary>
/// Asks every instance of a service that has several whether it is ready. One that is draining, waits for its database, or was
/// stopped without being ended is left out within <see cref="Every"/> and <see cref="Patience"/>, and is back as soon as it says so.
/// </summary>
internal sealed class InstanceProbe(IEnumerable<Instances> services, TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var several = services.Where(service => service.All.Count > 1).SelectMany(service => service.All).ToList();
        if (several.Count == 0)
        {
            return;
        }

        using var http = new HttpClient(new LostConnectionHandler(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false, ActivityHeadersPropagator = null })) { Timeout = Patience };
        using var timer = new PeriodicTimer(Every, time);
        do
        {
            await Task.WhenAll(several.Select(instance => AskAsync(http, instance, stoppingToken)));
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private static async Task AskAsync(HttpClient http, Instance instance, CancellationToken stopping)
    {
        try
        {
            using var answer = await http.GetAsync(new Uri(instance.Address, "/ready"), HttpCompletionOption.ResponseHeadersRead, stopping);
            instance.IsReady = answer.IsSuccessStatusCode;
        }
        catch (Exception e) when (e is HttpRequestException || (e is OperationCanceledException && !stopping.IsCancellationRequested))
        {
            instance.IsReady = false;
        }
    }
}

using System.Net;
using System.Net.Sockets;

namespace Argosy.PaymentProvider;

/// <summary>With <c>--health</c> the program asks the one that runs beside it, since its image has nothing else that could.</summary>
internal static class HealthProbe
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    public static async Task<bool> IsAliveAsync(ProviderOptions options)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { Timeout = Patience };
        try
        {
            using var answer = await http.GetAsync(new Uri($"http://{IPAddress.Loopback}:{options.Port}/health"));
            return answer.IsSuccessStatusCode;
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException or SocketException)
        {
            return false;
        }
    }
}

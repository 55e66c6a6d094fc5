using System.Net;
using System.Net.Sockets;

namespace Argosy.E2E.Abuse;

/// <summary>A caller at another address of this machine, whom the gateway counts by that.</summary>
internal static class Elsewhere
{
    public static HttpClient At(string address, Uri gateway) => new(new SocketsHttpHandler
    {
        UseProxy = false,
        ConnectCallback = async (context, ct) =>
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            socket.Bind(new IPEndPoint(IPAddress.Parse(address), 0));
            await socket.ConnectAsync(IPAddress.Loopback, context.DnsEndPoint.Port, ct);
            return new NetworkStream(socket, ownsSocket: true);
        },
    })
    {
        BaseAddress = gateway,
        Timeout = TimeSpan.FromSeconds(60),
    };
}

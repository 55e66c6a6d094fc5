using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Argosy.Gateway.Tests;

/// <summary>Bytes as they are: what no HTTP client would send.</summary>
internal static class Wire
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>Sends, and reads until the gateway closes the connection.</summary>
    /// <exception cref="OperationCanceledException">It left the connection open.</exception>
    public static async Task<string> ExchangeAsync(int port, string request)
    {
        using var deadline = new CancellationTokenSource(Patience);
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, port, deadline.Token);
        await socket.SendAsync(Encoding.Latin1.GetBytes(request), deadline.Token);
        var answer = new StringBuilder();
        var buffer = new byte[8192];
        try
        {
            while (await socket.ReceiveAsync(buffer, deadline.Token) is > 0 and var read)
            {
                answer.Append(Encoding.Latin1.GetString(buffer, 0, read));
            }
        }
        catch (SocketException) when (answer.Length > 0)
        {
            // A reset after the answer is a close too.
        }

        return answer.ToString();
    }

    public static Task<string> GetAsync(int port, string target, string headers = "")
        => ExchangeAsync(port, $"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n{headers}\r\n");

    public static int Status(string answer) => int.Parse(answer.AsSpan("HTTP/1.1 ".Length, 3));
}

using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Argosy.E2E.Abuse;

/// <summary>Bytes as they are: what no HTTP client would send.</summary>
internal static class RawHttp
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(40);

    /// <summary>Sends, and reads until the other side closes the connection.</summary>
    /// <exception cref="OperationCanceledException">It left the connection open.</exception>
    public static async Task<string> ExchangeAsync(Uri address, string request)
    {
        using var deadline = new CancellationTokenSource(Patience);
        using var socket = await ConnectAsync(address, deadline.Token);
        await socket.SendAsync(Encoding.Latin1.GetBytes(request), deadline.Token);
        return await ReadAsync(socket, deadline.Token);
    }

    public static async Task<Socket> ConnectAsync(Uri address, CancellationToken ct)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, address.Port, ct);
        return socket;
    }

    /// <summary>All that comes until the other side closes.</summary>
    public static async Task<string> ReadAsync(Socket socket, CancellationToken ct)
    {
        var answer = new StringBuilder();
        var buffer = new byte[8192];
        try
        {
            while (await socket.ReceiveAsync(buffer, ct) is > 0 and var read)
            {
                answer.Append(Encoding.Latin1.GetString(buffer, 0, read));
            }
        }
        catch (SocketException)
        {
            // A reset is a close too.
        }

        return answer.ToString();
    }

    public static int Status(string answer) => answer.StartsWith("HTTP/1.1 ", StringComparison.Ordinal) ? int.Parse(answer.AsSpan(9, 3)) : 0;

    /// <summary>How many answers came: a second one means that a second request was seen in the first.</summary>
    public static int Answers(string text) => text.Split("HTTP/1.1 ").Length - 1;
}

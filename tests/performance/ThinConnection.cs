using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Argosy.Performance;

/// <summary>A kept-alive HTTP/1.1 connection of a client so thin that it is the server that is measured.</summary>
internal sealed class ThinConnection : IDisposable
{
    private static readonly TimeSpan ConnectWithin = TimeSpan.FromSeconds(10);

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] _buffer = new byte[64 * 1024];

    public static async Task<ThinConnection> OpenAsync(Uri address, CancellationToken cancellation)
    {
        var connection = new ThinConnection();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(ConnectWithin);
        await connection._socket.ConnectAsync(address.Host, address.Port, limit.Token);
        return connection;
    }

    /// <summary>Sends these bytes and reads the answer to its end: its status.</summary>
    public async Task<int> AskAsync(ReadOnlyMemory<byte> request, CancellationToken cancellation)
    {
        for (var sent = 0; sent < request.Length;)
        {
            sent += await _socket.SendAsync(request[sent..], cancellation);
        }

        var (filled, body) = (0, -1);
        string? head = null;
        while (head is null || !IsWhole(head, body, filled))
        {
            var read = await _socket.ReceiveAsync(_buffer.AsMemory(filled), cancellation);
            filled += read > 0 ? read : throw new IOException("The connection was closed in the middle of an answer.");
            if (head is null && _buffer.AsSpan(0, filled).IndexOf("\r\n\r\n"u8) is >= 0 and var end)
            {
                (head, body) = (Encoding.ASCII.GetString(_buffer, 0, end), end + 4);
            }
        }

        return int.Parse(head.AsSpan("HTTP/1.1 ".Length, 3), CultureInfo.InvariantCulture);
    }

    public void Dispose() => _socket.Dispose();

    private bool IsWhole(string head, int body, int filled)
    {
        var header = head.Split("\r\n").FirstOrDefault(line => line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase));
        return header is null
            ? _buffer.AsSpan(body, filled - body).EndsWith("0\r\n\r\n"u8)
            : filled - body >= int.Parse(header.AsSpan("Content-Length:".Length), NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture);
    }
}

using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Argosy.Performance;

/// <summary>As many GETs as are answered, over kept-alive HTTP/1.1 connections, with a client so thin that it is the server that is measured.</summary>
internal static class HttpLoad
{
    private static readonly TimeSpan ConnectWithin = TimeSpan.FromSeconds(10);

    /// <summary>Answers per second. Throws <see cref="IOException"/> on any answer but 200.</summary>
    public static async Task<double> RunAsync(Uri address, string path, string headers, int connections, TimeSpan duration, CancellationToken cancellation)
    {
        var request = Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: {address.Authority}\r\n{headers}\r\n");
        var clock = Stopwatch.StartNew();
        var answers = await Task.WhenAll(Enumerable.Range(0, connections).Select(_ => Task.Run(() => OneAsync(address, request, clock, duration, cancellation), cancellation)));
        return answers.Sum() / clock.Elapsed.TotalSeconds;
    }

    private static async Task<int> OneAsync(Uri address, byte[] request, Stopwatch clock, TimeSpan duration, CancellationToken cancellation)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        using (var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation))
        {
            limit.CancelAfter(ConnectWithin);
            await socket.ConnectAsync(address.Host, address.Port, limit.Token);
        }

        var buffer = new byte[64 * 1024];
        var count = 0;
        for (; clock.Elapsed < duration; count++)
        {
            await socket.SendAsync(request, cancellation);
            await ReadAnswerAsync(socket, buffer, cancellation);
        }

        return count;
    }

    private static async Task ReadAnswerAsync(Socket socket, byte[] buffer, CancellationToken cancellation)
    {
        var (filled, whole) = (0, int.MaxValue);
        while (filled < whole)
        {
            var read = await socket.ReceiveAsync(buffer.AsMemory(filled), cancellation);
            filled += read > 0 ? read : throw new IOException("The connection was closed in the middle of an answer.");
            if (whole == int.MaxValue && buffer.AsSpan(0, filled).IndexOf("\r\n\r\n"u8) is >= 0 and var end)
            {
                whole = end + 4 + BodyLength(Encoding.ASCII.GetString(buffer, 0, end));
            }
        }
    }

    private static int BodyLength(string head)
    {
        if (!head.StartsWith("HTTP/1.1 200", StringComparison.Ordinal))
        {
            throw new IOException($"The answer is {head.Split("\r\n")[0]}.");
        }

        var header = head.Split("\r\n").FirstOrDefault(line => line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase))
            ?? throw new IOException("The answer has no Content-Length, which this client needs.");
        return int.Parse(header.AsSpan("Content-Length:".Length), NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture);
    }
}

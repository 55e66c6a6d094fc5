using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Argosy.E2E.Abuse;

/// <summary>A service's place behind the gateway: keeps the head of every request as it came, and answers 200 without a body.</summary>
internal sealed class Listening : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _ending = new();
    private readonly ConcurrentQueue<string> _heads = new();
    private Task _accepting = Task.CompletedTask;

    public Uri Address => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

    public IReadOnlyCollection<string> Heads => _heads;

    public static Listening Start()
    {
        var listening = new Listening();
        listening._listener.Start();
        listening._accepting = listening.AcceptAsync();
        return listening;
    }

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await _accepting;
        _listener.Dispose();
        _ending.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                using var connection = await _listener.AcceptSocketAsync(_ending.Token);
                await AnswerAsync(connection);
            }
        }
        catch (OperationCanceledException)
        {
            // The test is over.
        }
    }

    // One request a connection: the gateway asks the next one on another.
    private async Task AnswerAsync(Socket connection)
    {
        var head = new StringBuilder();
        var buffer = new byte[8192];
        while (!head.ToString().Contains("\r\n\r\n", StringComparison.Ordinal) && await connection.ReceiveAsync(buffer, _ending.Token) is > 0 and var read)
        {
            head.Append(Encoding.Latin1.GetString(buffer, 0, read));
        }

        if (head.ToString() is var text && !text.StartsWith("GET /ready ", StringComparison.Ordinal))
        {
            _heads.Enqueue(text);
        }

        await connection.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"u8.ToArray(), _ending.Token);
        connection.Shutdown(SocketShutdown.Send);
    }
}

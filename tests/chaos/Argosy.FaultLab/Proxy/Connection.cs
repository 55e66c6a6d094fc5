using System.Net;
using System.Net.Sockets;

namespace Argosy.FaultLab.Proxy;

/// <summary>One connection through a proxy: two sockets, and a pump for each direction.</summary>
internal sealed class Connection(Socket client, Func<TcpProxy.Sky> sky, Action delayed) : IDisposable
{
    private readonly Socket _server = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly CancellationTokenSource _lost = new();
    private Pump? _there;
    private Pump? _back;

    /// <summary>Completes when it is over, however it went.</summary>
    public Task Ended { get; private set; } = Task.CompletedTask;

    /// <summary>Carries bytes until both directions have ended in good order, or one of them is lost: then both ends are reset.</summary>
    public void Begin(IPEndPoint target, Action ended, CancellationToken ct)
    {
        Ended = LiveAsync();

        async Task LiveAsync()
        {
            await Task.Yield();
            try
            {
                await CarryAsync(target, ct);
            }
            finally
            {
                ended();
                Dispose();
            }
        }
    }

    private async Task CarryAsync(IPEndPoint target, CancellationToken ct)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, _lost.Token);
        try
        {
            client.NoDelay = true;
            await _server.ConnectAsync(target, either.Token);
            _there = new Pump(client, _server, sky, weather => weather.There, delayed);
            _back = new Pump(_server, client, sky, weather => weather.Back, delayed);
            var first = await Task.WhenAny(_there.RunAsync(either.Token), _back.RunAsync(either.Token));
            await first;
            await Task.WhenAll(_there.RunAsync(either.Token), _back.RunAsync(either.Token));
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            await _lost.CancelAsync();
            foreach (var socket in new[] { client, _server })
            {
                socket.LingerState = new LingerOption(enable: true, seconds: 0);
            }
        }
    }

    public void Reset()
    {
        try
        {
            _lost.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // it has ended by itself meanwhile
        }
    }

    public void HalfClose(bool there) => (there ? _there : _back)?.End();

    public void Dispose()
    {
        client.Dispose();
        _server.Dispose();
        _lost.Dispose();
    }
}

using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Argosy.FaultLab.Proxy;

/// <summary>
/// A link between two processes that can be made worse while it is used. It listens on a port of its own and carries bytes, in order and
/// unchanged, to the target and back; at most so many of them are under way, and a sender that is faster waits.
/// </summary>
internal sealed class TcpProxy : IAsyncDisposable
{
    private const int MostConnections = 1024;

    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly IPEndPoint _target;
    private readonly ConcurrentDictionary<Connection, Connection> _connections = new();
    private readonly CancellationTokenSource _over = new();
    private readonly Task _accepting;
    private volatile Sky _sky = new(Weather.Fair);
    private int _delayed;

    public TcpProxy(int targetPort)
    {
        _target = new IPEndPoint(IPAddress.Loopback, targetPort);
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        Port = ((IPEndPoint)_listener.LocalEndPoint!).Port;
        _accepting = AcceptAsync();
    }

    public int Port { get; }

    /// <summary>Holds from now on, for what is open too.</summary>
    public Weather Weather
    {
        get => _sky.Weather;
        set
        {
            var before = Interlocked.Exchange(ref _sky, new Sky(value));
            before.Changes.TrySetResult();
        }
    }

    /// <summary>How many pieces of what was sent have come late so far.</summary>
    public int Delayed => _delayed;

    /// <summary>How many are connected.</summary>
    public int Connections => _connections.Count;

    /// <summary>What is open is reset: both ends hear that the connection is lost, and not why.</summary>
    public void Reset()
    {
        foreach (var connection in _connections.Keys)
        {
            connection.Reset();
        }
    }

    /// <summary>Of what is open, one direction ends in good order and the other goes on: who listens reads the end, and may go on sending.</summary>
    /// <param name="there">The direction to the target, or the other one.</param>
    public void HalfClose(bool there)
    {
        foreach (var connection in _connections.Keys)
        {
            connection.HalfClose(there);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        _listener.Dispose();
        await _accepting;
        Reset();
        await Task.WhenAll(_connections.Keys.Select(connection => connection.Ended));
        _over.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptAsync(_over.Token);
                if (Weather.IsCut || _connections.Count >= MostConnections)
                {
                    client.LingerState = new LingerOption(enable: true, seconds: 0);
                    client.Dispose();
                    continue;
                }

                var connection = new Connection(client, () => _sky, () => Interlocked.Increment(ref _delayed));
                _connections[connection] = connection;
                connection.Begin(_target, () => _connections.TryRemove(connection, out _), _over.Token);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException || (e is SocketException && _over.IsCancellationRequested))
        {
            // it is over
        }
    }

    /// <summary>The weather, and by what one hears that it has changed.</summary>
    internal sealed record Sky(Weather Weather)
    {
        public TaskCompletionSource Changes { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}

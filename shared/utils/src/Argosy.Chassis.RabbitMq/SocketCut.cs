using System.Net.Sockets;
using RabbitMQ.Client;

namespace Argosy.Chassis.RabbitMq;

/// <summary>
/// The sockets of one connection, which end when this does. A client that doesn't end would go on with its heartbeats, and the broker would
/// go on to take its consumers for ones that work.
/// </summary>
internal sealed class SocketCut : IDisposable
{
    private readonly List<ITcpClient> _sockets = [];     // one for each address that was tried

    public ITcpClient Open(AddressFamily family)
    {
        var socket = ConnectionFactoryBase.DefaultSocketFactory(family);
        lock (_sockets)
        {
            _sockets.Add(socket);
        }

        return socket;
    }

    public void Dispose()
    {
        lock (_sockets)
        {
            _sockets.ForEach(socket => socket.Dispose());
        }
    }
}

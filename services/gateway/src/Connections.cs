using System.Net;
using Argosy.Gateway.Limits;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using IPNetwork = System.Net.IPNetwork;

namespace Argosy.Gateway;

/// <summary>
/// Connections before they speak: they cost a place each, and places are for everybody. One address has at most <see cref="Each"/>, and
/// one that says nothing loses its place. Proxies that we trust speak for many, and may have all.
/// </summary>
internal sealed class Connections(IReadOnlyList<IPNetwork> proxies, TimeProvider time)
{
    /// <summary>A quarter of all that the server takes.</summary>
    public const int Each = 1024;

    private static readonly TimeSpan FirstByte = TimeSpan.FromSeconds(10);

    private readonly Places _places = new(Each);

    public void Guard(ListenOptions endpoint) => endpoint.Use(next => connection => AcceptAsync(connection, next));

    private async Task AcceptAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        var address = (connection.RemoteEndPoint as IPEndPoint)?.Address;
        if (address is not null && proxies.Any(network => network.Contains(address)))
        {
            await next(connection);
            return;
        }

        var name = Callers.Address(address);
        if (!_places.TryEnter(name))
        {
            connection.Abort();
            return;
        }

        try
        {
            if (await SpeaksAsync(connection))
            {
                await next(connection);
            }
        }
        finally
        {
            _places.Leave(name);
        }
    }

    // What comes first is looked at, and left for the server to read; also where the end comes with it. A connection that ends without a
    // word ends this read too.
    private async Task<bool> SpeaksAsync(ConnectionContext connection)
    {
        using var silent = new CancellationTokenSource(FirstByte, time);
        try
        {
            var first = await connection.Transport.Input.ReadAsync(silent.Token);
            connection.Transport.Input.AdvanceTo(first.Buffer.Start);
            return !first.Buffer.IsEmpty;
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            return false;       // silent, or gone
        }
    }
}

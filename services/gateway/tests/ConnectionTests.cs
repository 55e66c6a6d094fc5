using System.Net;
using System.Net.Sockets;
using System.Text;
using Argosy.Testing;
using Shouldly;
using Xunit;

namespace Argosy.Gateway.Tests;

/// <summary>Connections cost a place each, and no address takes all of them.</summary>
public sealed class ConnectionTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly List<Socket> _sockets = [];
    private Backend _backend = null!;
    private ServiceProcess _gateway = null!;

    public async ValueTask InitializeAsync()
    {
        _backend = await Backend.StartAsync();
        _gateway = await GatewayBench.StartAsync(GatewayBench.Everywhere(_backend.Address));
    }

    public async ValueTask DisposeAsync()
    {
        _sockets.ForEach(socket => socket.Dispose());
        await _gateway.DisposeAsync();
        await _backend.DisposeAsync();
    }

    [Fact]
    public async Task Whoever_takes_all_that_one_address_may_have_is_refused_more_loses_those_that_say_nothing_and_is_in_nobody_s_way()
    {
        for (var i = 0; i < Connections.Each; i++)
        {
            await ConnectAsync("127.0.0.3");
        }

        await EndsAsync(() => ConnectAsync("127.0.0.3"));
        (await _gateway.Http.GetStringAsync("/health")).ShouldNotBeEmpty();

        foreach (var silent in _sockets.Take(Connections.Each))
        {
            await EndsAsync(() => Task.FromResult(silent));
        }

        await Eventually.HoldsAsync(IsServedAsync, "there is room again once their ends are counted");

        async Task<bool> IsServedAsync()
        {
            try
            {
                return (await AskAsync(await ConnectAsync("127.0.0.3"))).StartsWith("HTTP/1.1 200", StringComparison.Ordinal);
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionReset)
            {
                return false;
            }
        }
    }

    [Fact]
    public async Task A_request_that_comes_in_small_pieces_is_read_from_its_first_byte_on()
    {
        var socket = await ConnectAsync("127.0.0.3");
        foreach (var piece in "GET /api/items HT")
        {
            await socket.SendAsync(new[] { (byte)piece });
        }

        (await AskAsync(socket, "TP/1.1\r\nHost: 127.0.0.1\r\n\r\n")).ShouldStartWith("HTTP/1.1 200");
    }

    private async Task<Socket> ConnectAsync(string from)
    {
        using var deadline = new CancellationTokenSource(Patience);
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        _sockets.Add(socket);
        socket.Bind(new IPEndPoint(IPAddress.Parse(from), 0));
        await socket.ConnectAsync(IPAddress.Loopback, _gateway.Http.BaseAddress!.Port, deadline.Token);
        return socket;
    }

    private static async Task<string> AskAsync(Socket socket, string request = "GET /api/items HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    {
        using var deadline = new CancellationTokenSource(Patience);
        var buffer = new byte[8192];
        await socket.SendAsync(Encoding.Latin1.GetBytes(request), deadline.Token);
        return Encoding.Latin1.GetString(buffer, 0, await socket.ReceiveAsync(buffer, deadline.Token));
    }

    private static async Task EndsAsync(Func<Task<Socket>> connection)
    {
        using var deadline = new CancellationTokenSource(Patience);
        try
        {
            (await (await connection()).ReceiveAsync(new byte[1], deadline.Token)).ShouldBe(0);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionReset)
        {
            // That is an end, too; it may come before we hear that we are connected.
        }
    }
}

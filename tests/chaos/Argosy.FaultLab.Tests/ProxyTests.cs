using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Argosy.FaultLab.Proxy;
using Shouldly;
using Xunit;

namespace Argosy.FaultLab.Tests;

/// <summary>Each weather of a link, on real sockets.</summary>
public sealed class ProxyTests : IAsyncLifetime
{
    private static readonly TimeSpan Within = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan AWhile = TimeSpan.FromMilliseconds(400);
    private static readonly byte[] Ping = [1, 2, 3];

    private readonly TcpListener _target = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _deadline = new(Within);
    private TcpProxy _proxy = null!;
    private Socket _client = null!;
    private Socket _server = null!;

    public async ValueTask InitializeAsync()
    {
        _target.Start();
        _proxy = new TcpProxy(((IPEndPoint)_target.LocalEndpoint).Port);
        _client = await ConnectAsync();
        _server = await _target.AcceptSocketAsync(_deadline.Token);
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        _server.Dispose();
        await _proxy.DisposeAsync();
        _target.Dispose();
        _deadline.Dispose();
    }

    [Fact]
    public async Task In_fair_weather_megabytes_arrive_unchanged_in_both_directions_at_once()
    {
        var (there, back) = (RandomNumberGenerator.GetBytes(3_000_000), RandomNumberGenerator.GetBytes(2_000_000));

        var sending = Task.WhenAll(SendAsync(_client, there), SendAsync(_server, back));
        (await ReceiveAsync(_server, there.Length)).ShouldBe(there);
        (await ReceiveAsync(_client, back.Length)).ShouldBe(back);
        await sending;
    }

    [Fact]
    public async Task Latency_delays_every_byte_and_holds_up_none_behind_it()
    {
        _proxy.Weather = new Weather(new Flow { Latency = AWhile }, Flow.Free);
        var clock = Stopwatch.StartNew();
        for (byte i = 0; i < 10; i++)
        {
            await SendAsync(_client, new[] { i });
            await Task.Delay(10, _deadline.Token);
        }

        (await ReceiveAsync(_server, 10)).ShouldBe([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        clock.Elapsed.ShouldBeGreaterThan(AWhile);
        clock.Elapsed.ShouldBeLessThan(AWhile * 9, "one after the other they would take ten times as long");
    }

    [Fact]
    public async Task Jitter_keeps_the_order()
    {
        _proxy.Weather = Weather.Both(new Flow { Jitter = TimeSpan.FromMilliseconds(50) });
        byte[] sent = [.. Enumerable.Range(0, 50).Select(i => (byte)i)];
        foreach (var one in sent)
        {
            await SendAsync(_client, new[] { one });
            await Task.Yield();
        }

        (await ReceiveAsync(_server, sent.Length)).ShouldBe(sent);
    }

    [Fact]
    public async Task A_narrow_link_carries_so_much_a_second_and_in_fair_weather_all_of_it_at_once()
    {
        _proxy.Weather = new Weather(new Flow { BytesPerSecond = 10_000 }, Flow.Free);
        var clock = Stopwatch.StartNew();
        await SendAsync(_client, new byte[1_000_000]);
        await ReceiveAsync(_server, 5_000);
        clock.Elapsed.ShouldBeGreaterThan(TimeSpan.FromSeconds(0.4));

        _proxy.Weather = Weather.Fair;
        await ReceiveAsync(_server, 995_000);
        clock.Elapsed.ShouldBeLessThan(Within, "at 10,000 a second it would take 100 s");
    }

    [Fact]
    public async Task What_was_sent_into_silence_arrives_when_it_ends()
    {
        _proxy.Weather = Weather.Both(new Flow { IsSilent = true });
        await SendAsync(_client, Ping);
        await NothingComesAsync(_server);

        _proxy.Weather = Weather.Fair;
        (await ReceiveAsync(_server, 3)).ShouldBe(Ping);
    }

    [Fact]
    public async Task Whoever_connects_in_silence_hears_nothing_and_is_heard_when_it_ends()
    {
        _proxy.Weather = Weather.Both(new Flow { IsSilent = true });
        using var late = await ConnectAsync();
        await SendAsync(late, Ping);
        using var served = await _target.AcceptSocketAsync(_deadline.Token);
        await NothingComesAsync(served);

        _proxy.Weather = Weather.Fair;
        (await ReceiveAsync(served, 3)).ShouldBe(Ping);
    }

    [Fact]
    public async Task Silence_can_be_in_one_direction_only()
    {
        _proxy.Weather = new Weather(Flow.Free, new Flow { IsSilent = true });
        await SendAsync(_client, Ping);
        (await ReceiveAsync(_server, 3)).ShouldBe(Ping, "requests are heard");

        await SendAsync(_server, Ping);
        await NothingComesAsync(_client);
        _proxy.Weather = Weather.Fair;
        (await ReceiveAsync(_client, 3)).ShouldBe(Ping);
    }

    [Fact]
    public async Task The_end_that_a_client_sends_waits_for_the_silence_to_end_too()
    {
        _proxy.Weather = new Weather(new Flow { IsSilent = true }, Flow.Free);
        _client.Shutdown(SocketShutdown.Send);
        await NothingComesAsync(_server);

        _proxy.Weather = Weather.Fair;
        (await _server.ReceiveAsync(new byte[1], _deadline.Token)).ShouldBe(0);
    }

    [Fact]
    public async Task Who_sends_into_silence_for_long_has_to_wait_and_nothing_grows()
    {
        _proxy.Weather = Weather.Both(new Flow { IsSilent = true });
        var sent = 0L;
        var sending = Task.Run(async () =>
        {
            var piece = new byte[64 * 1024];
            while (true)
            {
                sent += await _client.SendAsync(piece, _deadline.Token);
            }
        });

        var before = -1L;
        while (before != (before = Interlocked.Read(ref sent)) || before == 0)
        {
            await Task.Delay(AWhile, _deadline.Token);
        }

        before.ShouldBeLessThan(64 * 1024 * 1024, "what the two systems' buffers hold, and a quarter of a megabyte here");
        _proxy.Reset();
        await Should.ThrowAsync<SocketException>(sending);
    }

    [Fact]
    public async Task A_half_close_ends_one_direction_and_the_other_goes_on()
    {
        await SendAsync(_client, Ping);
        await ReceiveAsync(_server, 3);
        _proxy.HalfClose(there: true);

        (await _server.ReceiveAsync(new byte[1], _deadline.Token)).ShouldBe(0, "the server reads the end");
        await SendAsync(_client, Ping);
        await SendAsync(_server, Ping);
        (await ReceiveAsync(_client, 3)).ShouldBe(Ping, "and goes on answering");
    }

    [Fact]
    public async Task A_reset_is_heard_at_both_ends()
    {
        _proxy.Reset();

        foreach (var end in new[] { _client, _server })
        {
            (await Should.ThrowAsync<SocketException>(async () => await end.ReceiveAsync(new byte[1], _deadline.Token))).SocketErrorCode.ShouldBe(SocketError.ConnectionReset);
        }
    }

    [Fact]
    public async Task Whoever_connects_to_a_cut_link_is_reset_and_what_is_open_goes_on()
    {
        _proxy.Weather = new Weather(Flow.Free, Flow.Free, IsCut: true);
        using var late = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await Should.ThrowAsync<SocketException>(async () =>
        {
            await late.ConnectAsync(IPAddress.Loopback, _proxy.Port, _deadline.Token);
            await late.ReceiveAsync(new byte[1], _deadline.Token);
        });

        await SendAsync(_client, Ping);
        (await ReceiveAsync(_server, 3)).ShouldBe(Ping);
    }

    [Fact]
    public async Task A_target_that_is_gone_is_a_reset_and_the_proxy_serves_the_next_one()
    {
        var port = ((IPEndPoint)_target.LocalEndpoint).Port;
        _target.Stop();
        await Should.ThrowAsync<SocketException>(async () =>
        {
            using var early = await ConnectAsync();
            await early.ReceiveAsync(new byte[1], _deadline.Token);
        });

        using var again = new TcpListener(IPAddress.Loopback, port);
        again.Start();
        using var client = await ConnectAsync();
        using var served = await again.AcceptSocketAsync(_deadline.Token);
        await SendAsync(client, Ping);
        (await ReceiveAsync(served, 3)).ShouldBe(Ping);
    }

    [Fact]
    public async Task A_connection_that_both_have_ended_is_forgotten()
    {
        _proxy.Connections.ShouldBe(1);
        _client.Shutdown(SocketShutdown.Send);
        (await _server.ReceiveAsync(new byte[1], _deadline.Token)).ShouldBe(0);
        _server.Shutdown(SocketShutdown.Send);
        (await _client.ReceiveAsync(new byte[1], _deadline.Token)).ShouldBe(0);

        while (_proxy.Connections > 0)
        {
            await Task.Delay(10, _deadline.Token);
        }
    }

    private async Task<Socket> ConnectAsync()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, _proxy.Port, _deadline.Token);
        return socket;
    }

    private async Task SendAsync(Socket socket, ReadOnlyMemory<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            bytes = bytes[await socket.SendAsync(bytes, _deadline.Token)..];
        }
    }

    private async Task<byte[]> ReceiveAsync(Socket socket, int length)
    {
        var received = new byte[length];
        for (var at = 0; at < length;)
        {
            var got = await socket.ReceiveAsync(received.AsMemory(at), _deadline.Token);
            got.ShouldBeGreaterThan(0, $"the end came after {at} bytes");
            at += got;
        }

        return received;
    }

    // Silence can't be waited for otherwise than for a while.
    private async Task NothingComesAsync(Socket socket)
    {
        await Task.Delay(AWhile, _deadline.Token);
        socket.Poll(0, SelectMode.SelectRead).ShouldBeFalse();
    }
}

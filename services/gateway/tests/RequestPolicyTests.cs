using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Argosy.Testing;
using Shouldly;
using Xunit;

namespace Argosy.Gateway.Tests;

/// <summary>What one request may be is the route's business.</summary>
public sealed class RequestPolicyTests : IAsyncLifetime
{
    private const string Requests = """
        policies:
          default: { quota: 1000, window: 1h }
        requests:
          default: { body: 65536, within: 20s }
          small: { headers: 512, body: 100, within: 2s, routes: [items, auth] }
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("argosy-requests-").FullName;
    private Backend _backend = null!;
    private ServiceProcess _gateway = null!;

    private int Port => _gateway.Http.BaseAddress!.Port;

    public async ValueTask InitializeAsync()
    {
        _backend = await Backend.StartAsync();
        var environment = GatewayBench.Environment(GatewayBench.Everywhere(_backend.Address));
        environment["API_LIMITS"] = Path.Combine(_folder, "limits.yaml");
        await File.WriteAllTextAsync(environment["API_LIMITS"], Requests);
        _gateway = await ServiceProcess.Start(GatewayBench.Dll, environment).ReadyAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _gateway.DisposeAsync();
        await _backend.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Each_route_has_its_own_sizes()
    {
        (await SizeAsync("/api/v1/auth/login", 101)).ShouldBe(HttpStatusCode.RequestEntityTooLarge);
        (await SizeAsync("/api/v1/auth/login", 100)).ShouldBe(HttpStatusCode.OK);
        (await SizeAsync("/api/v1/orders", 65536)).ShouldBe(HttpStatusCode.OK);
        (await SizeAsync("/api/v1/orders", 65537)).ShouldBe(HttpStatusCode.RequestEntityTooLarge);
        Wire.Status(await Wire.ExchangeAsync(Port, $"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n80\r\n{new string('x', 128)}\r\n0\r\n\r\n")).ShouldBe(413);

        var answer = await Wire.GetAsync(Port, "/api/v1/items", $"X-Long: {new string('x', 500)}\r\n");
        Wire.Status(answer).ShouldBe(431);
        answer.ShouldContain("urn:argosy:problem:gateway.headers-too-large");
        Wire.Status(await Wire.GetAsync(Port, "/api/v1/items")).ShouldBe(200);
        Wire.Status(await Wire.GetAsync(Port, "/api/v1/orders", $"X-Long: {new string('x', 500)}\r\n")).ShouldBe(200);
    }

    [Fact]
    public async Task A_body_that_does_not_come_in_its_route_s_time_is_408_however_steadily_it_drips()
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, Port, deadline.Token);
        await socket.SendAsync(Encoding.ASCII.GetBytes("POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n"), deadline.Token);
        var start = Stopwatch.GetTimestamp();
        var answer = AnswerAsync();
        while (!answer.IsCompleted)
        {
            try
            {
                await socket.SendAsync("x"u8.ToArray(), deadline.Token);      // one of its hundred each time
            }
            catch (SocketException)
            {
                break;
            }

            await Task.WhenAny(answer, Task.Delay(TimeSpan.FromMilliseconds(200), deadline.Token));
        }

        Wire.Status(await answer).ShouldBe(408);
        Stopwatch.GetElapsedTime(start).ShouldBeInRange(TimeSpan.FromSeconds(1.9), TimeSpan.FromSeconds(15));

        async Task<string> AnswerAsync() => await ReadAsync(socket, deadline.Token);
    }

    private async Task<HttpStatusCode> SizeAsync(string path, int bytes)
    {
        using var answer = await _gateway.Http.PostAsync(path, new ByteArrayContent(new byte[bytes]));
        return answer.StatusCode;
    }

    private static async Task<string> ReadAsync(Socket socket, CancellationToken ct)
    {
        var answer = new StringBuilder();
        var buffer = new byte[4096];
        try
        {
            while (await socket.ReceiveAsync(buffer, ct) is > 0 and var read)
            {
                answer.Append(Encoding.Latin1.GetString(buffer, 0, read));
            }
        }
        catch (SocketException) when (answer.Length > 0)
        {
            // A reset after the answer is a close too.
        }

        return answer.ToString();
    }
}

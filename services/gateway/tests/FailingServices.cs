using System.Net;
using System.Net.Sockets;
using System.Text;
using Argosy.Testing;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Argosy.Gateway.Tests;

/// <summary>A gateway in front of services that are down, slow, silent or broken.</summary>
public sealed class FailingServices : IAsyncLifetime
{
    private readonly TaskCompletionSource _never = new();
    private readonly TcpListener _silent = new(IPAddress.Loopback, 0);
    private readonly TcpListener _broken = new(IPAddress.Loopback, 0);
    private readonly List<Socket> _waiting = [];

    internal Backend Slow { get; private set; } = null!;

    internal ServiceProcess Gateway { get; private set; } = null!;

    internal int DownPort { get; } = ServiceProcess.FreePort();

    internal int RestartedPort { get; } = ServiceProcess.FreePort();

    public async ValueTask InitializeAsync()
    {
        Slow = await Backend.StartAsync(async context =>
        {
            if (Backend.TargetOf(context).EndsWith("begun", StringComparison.Ordinal))
            {
                await context.Response.WriteAsync("half of");
                await context.Response.Body.FlushAsync();
            }

            await _never.Task.WaitAsync(context.RequestAborted);
        });
        _broken.Start();
        _ = AnswerNonsenseAsync();
        await SilenceAsync();
        Gateway = await GatewayBench.StartAsync(
            $"down=http://127.0.0.1:{DownPort},restarted=http://127.0.0.1:{RestartedPort},gone=http://127.0.0.1:{ServiceProcess.FreePort()},"
                + $"slow={Slow.Address},broken=http://{_broken.LocalEndpoint},silent=http://{_silent.LocalEndpoint}",
            GatewayBench.Routes(
                ("down", ""), ("restarted", ""), ("gone", ""), ("slow", ", timeout: 1s"), ("broken", ", timeout: 5s"), ("silent", ", timeout: 10s")));
    }

    public async ValueTask DisposeAsync()
    {
        await Gateway.DisposeAsync();
        await Slow.DisposeAsync();
        _broken.Dispose();
        _waiting.ForEach(socket => socket.Dispose());
        _silent.Dispose();
    }

    // A full backlog: the kernel drops what knocks, as a machine that is gone would.
    private async Task SilenceAsync()
    {
        _silent.Start(backlog: 1);
        for (var unheard = 0; unheard < 2;)     // one may have been let in, and heard of it late
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            _waiting.Add(socket);
            using var soon = new CancellationTokenSource(TimeSpan.FromSeconds(1));
            try
            {
                await socket.ConnectAsync(_silent.LocalEndpoint, soon.Token);
                unheard = 0;
            }
            catch (OperationCanceledException)
            {
                unheard++;
            }
        }
    }

    private async Task AnswerNonsenseAsync()
    {
        try
        {
            while (true)
            {
                using var socket = await _broken.AcceptSocketAsync();
                var buffer = new byte[4096];
                var read = await socket.ReceiveAsync(buffer);
                if (Encoding.ASCII.GetString(buffer, 0, read).Contains("nonsense", StringComparison.Ordinal))
                {
                    await socket.SendAsync("220 mail.example ESMTP\r\n\r\n"u8.ToArray());
                }
            }
        }
        catch (Exception e) when (e is ObjectDisposedException or SocketException)
        {
            // The test is over.
        }
    }
}

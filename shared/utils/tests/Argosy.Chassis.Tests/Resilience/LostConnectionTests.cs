using System.Net;
using System.Net.Sockets;
using Argosy.Chassis.Resilience;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Resilience;

/// <summary>Somebody takes connections and resets them before anything was said, as a balancer does whose target is gone.</summary>
public sealed class LostConnectionTests
{
    private const int Tries = 300;

    [Fact]
    public async Task A_connection_that_is_reset_as_soon_as_it_is_there_fails_like_any_other()
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        deadline.CancelAfter(TimeSpan.FromSeconds(60));
        using var resetting = new TcpListener(IPAddress.Loopback, 0);
        resetting.Start();
        var reset = ResetAsync();
        using var http = new HttpMessageInvoker(new LostConnectionHandler(new SocketsHttpHandler { UseProxy = false, PooledConnectionLifetime = TimeSpan.Zero }));

        var bare = 0;
        for (var i = 0; i < Tries; i++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"http://{resetting.LocalEndpoint}/");
            var failed = await Should.ThrowAsync<HttpRequestException>(http.SendAsync(request, deadline.Token));
            bare += failed.InnerException is SocketException && failed.HttpRequestError == HttpRequestError.ConnectionError ? 1 : 0;
        }

        await deadline.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(reset);
        TestContext.Current.SendDiagnosticMessage("{0} of {1} were lost before they could be used", bare, Tries);

        async Task ResetAsync() => await ResetAllAsync(resetting, deadline.Token);
    }

    private static async Task ResetAllAsync(TcpListener listener, CancellationToken ct)
    {
        while (true)
        {
            using var taken = await listener.AcceptSocketAsync(ct);
            taken.LingerState = new LingerOption(enable: true, seconds: 0);
        }
    }
}

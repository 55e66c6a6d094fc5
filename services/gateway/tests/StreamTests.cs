using System.Threading.Channels;
using Argosy.Testing;
using Microsoft.AspNetCore.Http;
using Shouldly;
using Xunit;

namespace Argosy.Gateway.Tests;

/// <summary>Server-sent events go through as they come, for as long as they like.</summary>
public sealed class StreamTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly Channel<string> _events = Channel.CreateUnbounded<string>();
    private readonly TaskCompletionSource _clientLeft = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Backend _backend = null!;
    private ServiceProcess _gateway = null!;

    public async ValueTask InitializeAsync()
    {
        _backend = await Backend.StartAsync(StreamAsync);
        _gateway = await GatewayBench.StartAsync(GatewayBench.Everywhere(_backend.Address));
    }

    public async ValueTask DisposeAsync()
    {
        _events.Writer.TryComplete();
        await _gateway.DisposeAsync();
        await _backend.DisposeAsync();
    }

    [Theory]
    [InlineData("/api/v1/orders/7/stream")]
    [InlineData("/api/orders/7/stream")]
    [InlineData("/api/notifications/stream")]
    public async Task Events_arrive_one_by_one_and_the_headers_before_them(string path)
    {
        using var deadline = new CancellationTokenSource(Patience);
        using var answer = await _gateway.Http.GetAsync(path, HttpCompletionOption.ResponseHeadersRead, deadline.Token);
        answer.Content.Headers.ContentType!.MediaType.ShouldBe("text/event-stream");
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(deadline.Token));
        foreach (var text in new[] { "pending", "confirmed" })
        {
            _events.Writer.TryWrite(text).ShouldBeTrue();
            (await reader.ReadLineAsync(deadline.Token)).ShouldBe($"data: {text}");
            (await reader.ReadLineAsync(deadline.Token)).ShouldBe("");
        }

        _events.Writer.Complete();
        (await reader.ReadLineAsync(deadline.Token)).ShouldBeNull();
    }

    [Fact]
    public async Task A_client_that_leaves_ends_the_stream_of_the_service()
    {
        using (await _gateway.Http.GetAsync("/api/v1/orders/7/stream", HttpCompletionOption.ResponseHeadersRead))
        {
        }

        await _clientLeft.Task.WaitAsync(Patience);
    }

    [Fact]
    public async Task A_stream_does_not_hold_up_the_end_of_the_gateway()
    {
        using var answer = await _gateway.Http.GetAsync("/api/v1/orders/7/stream", HttpCompletionOption.ResponseHeadersRead);
        _gateway.CloseInput();
        (await _gateway.ExitAsync(TimeSpan.FromSeconds(7))).ShouldBe(0);
    }

    private async Task StreamAsync(HttpContext context)
    {
        context.Response.ContentType = "text/event-stream";
        context.RequestAborted.Register(_clientLeft.SetResult);
        await context.Response.Body.FlushAsync();
        await foreach (var text in _events.Reader.ReadAllAsync(context.RequestAborted))
        {
            await context.Response.WriteAsync($"data: {text}\n\n");
        }
    }
}

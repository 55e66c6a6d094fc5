using System.Net;
using Argosy.Chassis.Hosting;
using Argosy.Chassis.Hosting.Shedding;
using Argosy.Chassis.Tests.Http;
using Argosy.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Shedding;

/// <summary>A real server all of whose places are taken.</summary>
public sealed class SheddingTests : IAsyncLifetime
{
    private readonly SemaphoreSlim _done = new(0);
    private readonly List<Task<HttpResponseMessage>> _hanging = [];
    private int _begun;
    private ProcessHost _host = null!;

    public async ValueTask InitializeAsync()
    {
        _host = await ProcessHost.StartAsync(app =>
        {
            app.MapGet("/hang", async (CancellationToken gone) =>
            {
                Interlocked.Increment(ref _begun);
                await _done.WaitAsync(gone);
            });
            app.MapGet("/quick", () => "here");
            app.MapPost("/webhook", () => "heard").ServedAs(Priority.PaymentResults);
            app.MapGet("/stream", async (HttpContext http) =>
            {
                await http.Response.WriteAsync("data: begun\n\n");
                await http.Response.Body.FlushAsync();
                Interlocked.Increment(ref _begun);
                await _done.WaitAsync(http.RequestAborted);
            }).Streams();
        });
    }

    public async ValueTask DisposeAsync()
    {
        _done.Release(_hanging.Count);
        await Task.WhenAll(_hanging);
        await _host.DisposeAsync();
        _done.Dispose();
    }

    [Fact]
    public async Task What_comes_too_late_is_503_before_anything_is_done_and_probes_never_are()
    {
        await TakeAsync(Gate.Places);

        var late = await Shown.OfAsync(await _host.Client.GetAsync("/quick"));

        late.Status.ShouldBe(503);
        late.Json.GetProperty("type").GetString().ShouldBe("https://iana.org/assignments/http-problem-types#temporary-reduced-capacity");
        late.Answer.Headers.RetryAfter!.Delta!.Value.TotalSeconds.ShouldBeInRange(3, 6);
        (await _host.Client.GetAsync("/health")).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await _host.Client.GetAsync("/ready")).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await _host.Client.GetStringAsync("/metrics")).ShouldContain("service_requests_shed_total{argosy_shed_cause=\"queue\",argosy_shed_priority=\"reads\"");
    }

    [Fact]
    public async Task The_first_free_place_is_for_what_became_of_money()
    {
        await TakeAsync(Gate.Places);
        var read = _host.Client.GetAsync("/quick");
        var result = _host.Client.PostAsync("/webhook", null);

        (await read).StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        result.IsCompleted.ShouldBeFalse();
        _done.Release();
        (await result).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await _host.Client.GetAsync("/quick")).StatusCode.ShouldBe(HttpStatusCode.OK, "a place is free");
    }

    [Fact]
    public async Task Streams_hold_no_place()
    {
        await TakeAsync(Gate.Places + 1, "/stream");

        (await _host.Client.GetAsync("/quick")).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    private async Task TakeAsync(int places, string path = "/hang")
    {
        _hanging.AddRange(Enumerable.Range(0, places).Select(_ => _host.Client.GetAsync(path)));
        await Eventually.HoldsAsync(() => Volatile.Read(ref _begun) == places, $"{places} are being worked on", TimeSpan.FromSeconds(30));
    }
}

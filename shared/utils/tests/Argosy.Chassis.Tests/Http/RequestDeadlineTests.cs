using System.Diagnostics;
using System.Net;
using Argosy.Chassis.Hosting;
using Argosy.Chassis.Resilience;
using Argosy.Chassis.Tests.Telemetry;
using Argosy.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Http;

public sealed class RequestDeadlineTests : IAsyncLifetime
{
    private readonly TaskCompletionSource _gone = new();
    private int _begun;
    private ProcessHost _host = null!;

    public async ValueTask InitializeAsync() => _host = await ProcessHost.StartAsync(app =>
    {
        app.MapGet("/left", () => Deadline.Current!.Remaining.TotalMilliseconds);
        app.MapGet("/wait", async (CancellationToken cancellation) =>
        {
            Interlocked.Increment(ref _begun);
            using var registration = cancellation.Register(_gone.SetResult);
            await Task.Delay(TimeSpan.FromSeconds(60), cancellation);
        });
        app.MapGet("/stream", async (HttpContext http) =>
        {
            Deadline.Current.ShouldBeNull();
            await http.Response.WriteAsync("data: 1\n\n");
            await http.Response.Body.FlushAsync();
            await Task.Delay(TimeSpan.FromSeconds(60), http.RequestAborted);
        }).Streams();
    });

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task A_request_has_what_its_caller_has_left_and_thirty_seconds_at_most()
    {
        (await LeftAsync("20000")).ShouldBeInRange(15000, 20000);
        (await LeftAsync("99999999")).ShouldBeInRange(25000, 30000);
        (await LeftAsync(null)).ShouldBeInRange(25000, 30000);
    }

    [Fact]
    public async Task Work_whose_deadline_has_passed_is_not_begun()
    {
        foreach (var passed in new[] { "0", "-5" })
        {
            var problem = await Shown.OfAsync(await AskAsync("/wait", passed));
            problem.Status.ShouldBe(504);
            problem.Code.ShouldBe("deadline.exceeded");
        }

        _begun.ShouldBe(0);
    }

    [Theory]
    [InlineData("soon")]
    [InlineData("1.5")]
    [InlineData("99999999999999999999999")]
    public async Task A_deadline_that_is_no_number_is_refused(string value) =>
        (await Shown.OfAsync(await AskAsync("/left", value))).Code.ShouldBe("deadline.malformed");

    [Fact]
    public async Task Work_is_cancelled_at_its_deadline()
    {
        // On a busy machine a deadline may pass before the work has begun, and then there is none to cancel.
        for (var budget = 200; Volatile.Read(ref _begun) == 0; budget *= 2)
        {
            budget.ShouldBeLessThan(10_000);
            var clock = Stopwatch.StartNew();
            var problem = await Shown.OfAsync(await AskAsync("/wait", $"{budget}"));
            problem.Status.ShouldBe(504);
            clock.Elapsed.ShouldBeInRange(TimeSpan.FromMilliseconds(budget * 0.75), TimeSpan.FromMilliseconds(budget) + TimeSpan.FromSeconds(10));
        }

        await _gone.Task.WaitAsync(TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task Work_is_cancelled_when_the_client_leaves()
    {
        using var leaving = new CancellationTokenSource();
        var asking = _host.Client.GetAsync("/wait", leaving.Token);
        await Eventually.HoldsAsync(() => Volatile.Read(ref _begun) == 1, "the work began");
        await leaving.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(asking);
        await _gone.Task.WaitAsync(TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task A_stream_has_no_deadline_and_ends_when_the_process_stops()
    {
        using var answer = await _host.Client.GetAsync("/stream", HttpCompletionOption.ResponseHeadersRead);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync());
        (await reader.ReadLineAsync()).ShouldBe("data: 1");
        _host.Services.GetRequiredService<IHostApplicationLifetime>().StopApplication();
        await reader.ReadToEndAsync().WaitAsync(TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task A_client_that_leaves_its_stream_is_no_error()
    {
        var log = new LogLines();
        var gone = new TaskCompletionSource();
        await using (var host = await ProcessHost.StartAsync(
            app => app.MapGet("/stream", async (HttpContext http) =>
            {
                using var registration = http.RequestAborted.Register(gone.SetResult);
                await http.Response.WriteAsync("data: 1\n\n");
                await http.Response.Body.FlushAsync();
                await Task.Delay(TimeSpan.FromSeconds(60), http.RequestAborted);
            }).Streams(),
            argosy => argosy.Services.AddSingleton<ILoggerProvider>(log)))
        {
            using (await host.Client.GetAsync("/stream", HttpCompletionOption.ResponseHeadersRead))
            {
                gone.Task.IsCompleted.ShouldBeFalse();
            }

            await gone.Task.WaitAsync(TimeSpan.FromSeconds(5));
        }

        log.Lines.Where(line => line.StartsWith("Error", StringComparison.Ordinal)).ShouldBeEmpty();
    }

    private async Task<double> LeftAsync(string? deadline) =>
        double.Parse(await (await AskAsync("/left", deadline)).Content.ReadAsStringAsync());

    private Task<HttpResponseMessage> AskAsync(string path, string? deadline)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (deadline is not null)
        {
            request.Headers.Add(Deadline.Header, deadline);
        }

        return _host.Client.SendAsync(request);
    }
}

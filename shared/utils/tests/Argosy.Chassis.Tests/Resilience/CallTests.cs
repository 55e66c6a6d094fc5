using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using Argosy.Chassis.Hosting;
using Argosy.Chassis.Resilience;
using Argosy.Chassis.Telemetry;
using Argosy.Chassis.Tests.Http;
using Argosy.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Resilience;

/// <summary>One real process calls another over the named client; what the other does is the test's choice.</summary>
public sealed class CallTests : IAsyncLifetime
{
    // Longer than a busy machine's hiccup, which would count as an attempt of its own.
    private static readonly CallOptions Patient = new()
    {
        Total = TimeSpan.FromSeconds(15),
        Attempt = TimeSpan.FromSeconds(5),
        Connect = TimeSpan.FromSeconds(5),
        Pause = TimeSpan.FromMilliseconds(5),
    };

    private static readonly CallOptions Hasty = Patient with { Total = TimeSpan.FromSeconds(3), Attempt = TimeSpan.FromMilliseconds(500) };

    private readonly ConcurrentQueue<(string Method, string? Deadline, string? Correlation, string? Trace, string Body)> _seen = new();
    private Func<int, HttpContext, Task<IResult>> _behaviour = (_, _) => Task.FromResult(Results.Ok("fine"));
    private ProcessHost _other = null!;
    private ProcessHost _caller = null!;

    public async ValueTask InitializeAsync()
    {
        _other = await ProcessHost.StartAsync(app => app.Map("/thing", (Delegate)SeeAsync));
        _caller = await ProcessHost.StartAsync(
            app => app.MapGet("/ask", async (IHttpClientFactory clients, CancellationToken cancellation) =>
                await clients.CreateClient("user-service").GetStringAsync("/thing", cancellation)),
            argosy => argosy.Calls("user-service", Patient).Calls("tax-service", Hasty),
            ("SERVICE_ENDPOINTS", $"user-service={_other.Address.ToString().TrimEnd('/')},tax-service={_other.Address.ToString().TrimEnd('/')}"));
    }

    public async ValueTask DisposeAsync()
    {
        await _caller.DisposeAsync();
        await _other.DisposeAsync();
    }

    private HttpClient Client => ClientOf("user-service");

    private HttpClient HastyClient => ClientOf("tax-service");

    [Fact]
    public async Task Instances_are_asked_in_turn_and_one_that_is_gone_costs_no_call()
    {
        await using var second = await ProcessHost.StartAsync(app => app.MapGet("/thing", () => "second"));
        await using var caller = await ProcessHost.StartAsync(
            _ => { }, argosy => argosy.Calls("user-service", Patient), ("SERVICE_ENDPOINTS", $"user-service={_other.Address},user-service={second.Address}"));
        using var client = caller.Services.GetRequiredService<IHttpClientFactory>().CreateClient("user-service");

        var answers = new List<string>();
        for (var i = 0; i < 10; i++)
        {
            answers.Add(await client.GetStringAsync("/thing"));
        }

        answers.Count(answer => answer == "second").ShouldBeInRange(4, 6);      // one more or less, as its readiness comes in

        await _other.DisposeAsync();
        for (var i = 0; i < 10; i++)
        {
            (await client.GetStringAsync("/thing")).ShouldBe("second");
        }
    }

    [Fact]
    public async Task Deadline_correlation_and_trace_go_along()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/ask");
        request.Headers.Add(Deadline.Header, "4000");      // less than an attempt waits, and enough to compile what answers
        request.Headers.Add(Correlation.Header, "order-17");
        request.Headers.Add("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
        using var answer = await _caller.Client.SendAsync(request);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        answer.Headers.GetValues(Correlation.Header).ShouldBe(["order-17"]);
        var (_, deadline, correlation, trace, _) = _seen.Single();
        int.Parse(deadline!, CultureInfo.InvariantCulture).ShouldBeInRange(1, 4000);
        correlation.ShouldBe("order-17");
        trace.ShouldNotBeNull().ShouldContain("0af7651916cd43dd8448eb211c80319c");
    }

    [Fact]
    public async Task Without_a_deadline_the_other_side_is_told_how_long_an_attempt_waits()
    {
        await HastyClient.GetStringAsync("/thing");
        int.Parse(_seen.First().Deadline!, CultureInfo.InvariantCulture).ShouldBe(500);
    }

    [Fact]
    public async Task Somebody_who_fails_for_everybody_is_asked_a_fifth_more_often_and_no_more()
    {
        const int Calls = 400;
        _behaviour = (_, _) => Task.FromResult(Results.StatusCode(503));
        await using var caller = await ProcessHost.StartAsync(
            _ => { }, argosy => argosy.Calls("user-service", Patient with { Pause = TimeSpan.FromMilliseconds(1), Breaker = new BreakerOptions { Failures = int.MaxValue } }),
            ("SERVICE_ENDPOINTS", $"user-service={_other.Address}"));
        using var client = caller.Services.GetRequiredService<IHttpClientFactory>().CreateClient("user-service");
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < Calls; i++)
        {
            using var answer = await client.GetAsync("/thing");
        }

        // What was saved up before, and what the seconds have earned, is for those who call rarely.
        var saved = RetryBudget.Most + (Stopwatch.GetElapsedTime(start).TotalSeconds * RetryBudget.PerSecond);
        ((_seen.Count - saved) / Calls).ShouldBeInRange(1, 1.2);
    }

    [Fact]
    public async Task Who_is_overloaded_is_not_asked_again()
    {
        _behaviour = (_, _) => Task.FromResult(Problem.ReducedCapacity("There is too much to do.", TimeSpan.FromSeconds(3)).ToResult());

        using var answer = await Client.GetAsync("/thing");

        answer.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        _seen.Count.ShouldBe(1);
    }

    [Theory]
    [InlineData(502)]
    [InlineData(503)]
    [InlineData(504)]
    public async Task A_passing_fault_is_ridden_out(int status)
    {
        _behaviour = (n, _) => Task.FromResult(n <= 2 ? Results.StatusCode(status) : Results.Ok("fine"));
        (await Client.GetStringAsync("/thing")).ShouldContain("fine");
        _seen.Count.ShouldBe(3);
    }

    [Theory]
    [InlineData(400)]
    [InlineData(404)]
    [InlineData(409)]
    [InlineData(500)]
    public async Task Other_answers_are_the_callers_to_judge_and_not_repeated(int status)
    {
        _behaviour = (_, _) => Task.FromResult(Results.StatusCode(status));
        ((int)(await Client.GetAsync("/thing")).StatusCode).ShouldBe(status);
        _seen.Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_fault_that_lasts_is_answered_after_three_attempts()
    {
        _behaviour = (_, _) => Task.FromResult(Results.StatusCode(503));
        (await Client.GetAsync("/thing")).StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        _seen.Count.ShouldBe(3);
    }

    [Fact]
    public async Task A_post_is_repeated_only_with_an_idempotency_key_and_with_the_same_body()
    {
        _behaviour = (n, _) => Task.FromResult(n % 2 == 1 ? Results.StatusCode(503) : Results.Ok());
        (await Client.PostAsJsonAsync("/thing", new { n = 1 })).StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        _seen.Count.ShouldBe(1);

        _seen.Clear();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/thing") { Content = JsonContent.Create(new { n = 2 }) };
        request.Headers.Add("Idempotency-Key", "k");
        _behaviour = (n, _) => Task.FromResult(n == 1 ? Results.StatusCode(503) : Results.Ok());
        (await Client.SendAsync(request)).StatusCode.ShouldBe(HttpStatusCode.OK);
        _seen.Select(s => s.Body).ShouldBe(["""{"n":2}""", """{"n":2}"""]);
    }

    [Fact]
    public async Task Retry_after_is_honoured_up_to_a_bound()
    {
        _behaviour = (n, http) =>
        {
            http.Response.Headers.RetryAfter = n == 1 ? "1" : "60";
            return Task.FromResult(Results.StatusCode(503));
        };
        var clock = Stopwatch.StartNew();
        (await Client.GetAsync("/thing")).StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        _seen.Count.ShouldBe(2, "a minute is too long to wait");
        clock.Elapsed.ShouldBeGreaterThan(TimeSpan.FromMilliseconds(950));
    }

    [Fact]
    public async Task Nobody_there_is_a_503_for_our_caller_and_opens_the_breaker()
    {
        await _other.DisposeAsync();
        var problem = await Shown.OfAsync(await _caller.Client.GetAsync("/ask"));
        problem.Status.ShouldBe(503);
        problem.Answer.Headers.RetryAfter.ShouldNotBeNull();
        await Shown.OfAsync(await _caller.Client.GetAsync("/ask"));
        BreakerOf("user-service").View().State.ShouldBe(BreakerPhase.Open);

        var clock = Stopwatch.StartNew();
        var open = await Shown.OfAsync(await _caller.Client.GetAsync("/ask"));
        open.Status.ShouldBe(503);
        open.Answer.Headers.RetryAfter!.Delta.ShouldNotBeNull().ShouldBeInRange(TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(30));
        clock.Elapsed.ShouldBeLessThan(TimeSpan.FromMilliseconds(500), "an open breaker answers at once");
    }

    [Fact]
    public async Task An_attempt_that_hangs_is_cut_and_counted()
    {
        // Deaf to its own deadline, too: its 504 could be faster than the caller's patience.
        using var over = new CancellationTokenSource();
        _behaviour = async (_, _) =>
        {
            await Task.Delay(TimeSpan.FromSeconds(30), over.Token);
            return Results.Ok();
        };
        var clock = Stopwatch.StartNew();
        var thrown = await Should.ThrowAsync<DependencyException>(() => HastyClient.GetAsync("/thing"));
        thrown.Name.ShouldBe("tax-service");
        clock.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(8));
        BreakerOf("tax-service").View().Failures.ShouldBeGreaterThanOrEqualTo(2);
        await over.CancelAsync();
    }

    [Fact]
    public async Task A_body_that_never_ends_is_a_slow_attempt()
    {
        _behaviour = async (_, http) =>
        {
            await http.Response.WriteAsync("some");
            await http.Response.Body.FlushAsync();
            await Task.Delay(TimeSpan.FromSeconds(30), http.RequestAborted);
            return Results.Empty;
        };
        // Patient enough for the answer to begin on a machine that has too much to do: in half a second the other side's own 504 may be faster.
        await using var caller = await ProcessHost.StartAsync(
            _ => { }, argosy => argosy.Calls("user-service", Patient with { Attempt = TimeSpan.FromSeconds(3), Attempts = 1 }), ("SERVICE_ENDPOINTS", $"user-service={_other.Address}"));
        using var client = caller.Services.GetRequiredService<IHttpClientFactory>().CreateClient("user-service");

        await Should.ThrowAsync<DependencyException>(() => client.GetAsync("/thing", HttpCompletionOption.ResponseHeadersRead));
    }

    [Fact]
    public async Task Callers_in_a_hurry_do_not_open_the_breaker_for_others()
    {
        _behaviour = async (_, http) =>
        {
            await Task.Delay(TimeSpan.FromSeconds(30), http.RequestAborted);
            return Results.Ok();
        };
        for (var i = 0; i < 6; i++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/ask");
            request.Headers.Add(Deadline.Header, "60");
            (await Shown.OfAsync(await _caller.Client.SendAsync(request))).Status.ShouldBe(504);
        }

        BreakerOf("user-service").View().ShouldBe(new BreakerView("user-service", BreakerPhase.Closed, 0, null));
    }

    [Fact]
    public async Task Work_past_its_deadline_does_not_call()
    {
        var time = new FakeTime();
        var deadline = Deadline.After(TimeSpan.FromSeconds(1), time);
        using (deadline.Enter())
        {
            time.Advance(TimeSpan.FromSeconds(1));
            await Should.ThrowAsync<DeadlineExceededException>(() => Client.GetAsync("/thing"));
        }

        _seen.ShouldBeEmpty();
    }

    [Fact]
    public async Task An_answer_larger_than_allowed_is_no_answer()
    {
        _behaviour = (_, _) => Task.FromResult(Results.Text(new string('x', 2 * 1024 * 1024)));
        await Should.ThrowAsync<DependencyException>(() => Client.GetAsync("/thing"));
    }

    [Fact]
    public async Task Operators_see_every_breaker_from_the_start()
    {
        await using var host = await ProcessHost.StartAsync(
            app => app.MapGroup("/admin").MapBreakers(), argosy => argosy.Calls("user-service", Patient).Calls("tax-service"));
        const string Closed = """{"items":[{"name":"tax-service","state":"closed","failures":0},{"name":"user-service","state":"closed","failures":0}]}""";
        (await host.Client.GetStringAsync("/admin/breakers")).ShouldBe(Closed);

        var breaker = host.Services.GetRequiredService<Breakers>().Of("user-service");
        for (var i = 0; i < 5; i++)
        {
            using var pass = breaker.Enter();
            pass.Report(CallOutcome.Failed);
        }

        var items = (await host.Client.GetFromJsonAsync<System.Text.Json.JsonElement>("/admin/breakers")).GetProperty("items");
        items[1].GetProperty("state").GetString().ShouldBe("open");
        items[1].GetProperty("openUntil").GetDateTimeOffset().ShouldBeGreaterThan(DateTimeOffset.UtcNow);
    }

    [Fact]
    public async Task A_service_that_is_called_and_has_no_endpoint_is_a_configuration_error()
    {
        await using var host = await ProcessHost.StartAsync(_ => { }, argosy => argosy.Calls("tax-service"), ("SERVICE_ENDPOINTS", "a=http://b:1"));
        host.Services.GetRequiredService<Settings>().Errors.ShouldBe(
            ["SERVICE_ENDPOINTS has no entry for tax-service, which tested asks: add tax-service=http://HOST:PORT."]);
    }

    private HttpClient ClientOf(string name) => _caller.Services.GetRequiredService<IHttpClientFactory>().CreateClient(name);

    private Breaker BreakerOf(string name) => _caller.Services.GetRequiredService<Breakers>().Of(name);

    private async Task<IResult> SeeAsync(HttpContext http)
    {
        using var reader = new StreamReader(http.Request.Body);
        var body = await reader.ReadToEndAsync();
        var headers = http.Request.Headers;
        _seen.Enqueue((http.Request.Method, headers[Deadline.Header], headers[Correlation.Header], headers.TraceParent, body));
        return await _behaviour(_seen.Count, http);
    }
}

using System.Diagnostics;
using System.Net;
using System.Text;
using Argosy.FaultLab.Proxy;
using Shouldly;
using Xunit;

namespace Argosy.FaultLab.Tests.Experiments;

/// <summary>The proxy that makes answers worse, before another one that makes none: what is asked arrives and is done, whatever is said of it.</summary>
public sealed class HttpLinkTests : IAsyncLifetime
{
    private static readonly TimeSpan AWhile = TimeSpan.FromMilliseconds(400);
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    private readonly HttpListener _service = new();
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false });
    private readonly List<string> _heard = [];
    private HttpLink _link = null!;
    private Task _serving = Task.CompletedTask;

    public async ValueTask InitializeAsync()
    {
        var port = Argosy.Testing.ServiceProcess.FreePort();
        _service.Prefixes.Add($"http://127.0.0.1:{port}/");
        _service.Start();
        _serving = ServeAsync();
        _link = await HttpLink.StartAsync(port, Ct);
        _http.BaseAddress = new Uri($"http://127.0.0.1:{_link.Port}");
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _link.DisposeAsync();
        _service.Stop();
        await _serving;
        _service.Close();
    }

    [Fact]
    public async Task Without_weather_everything_passes_as_it_is()
    {
        using var answer = await _http.PostAsync(new Uri("/a%2Fb?c=%20d", UriKind.Relative), new StringContent("body", Encoding.UTF8, "text/x"), Ct);

        answer.StatusCode.ShouldBe(HttpStatusCode.Created);
        answer.Headers.GetValues("X-Mine").ShouldBe(["yes"]);
        (await answer.Content.ReadAsStringAsync(Ct)).ShouldBe("done");
        _heard.ShouldBe(["POST /a%2Fb?c=%20d text/x; charset=utf-8 body"]);
        _link.Worsened.ShouldBe(0);
    }

    [Fact]
    public async Task Another_status_is_answered_after_it_was_done()
    {
        _link.Weather = new HttpWeather(100) { Status = 503, Body = "", ContentType = "text/plain" };

        using var answer = await _http.PostAsync(new Uri("/", UriKind.Relative), new StringContent("pay"), Ct);

        answer.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        (await answer.Content.ReadAsStringAsync(Ct)).ShouldBe("Service Unavailable");
        _heard.Count.ShouldBe(1);
        _link.Worsened.ShouldBe(1);
    }

    [Fact]
    public async Task The_body_stays_where_only_the_status_is_to_change()
    {
        _link.Weather = new HttpWeather(100) { Status = 500 };

        using var answer = await _http.GetAsync(new Uri("/", UriKind.Relative), Ct);

        ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync(Ct)).ShouldBe((500, "done"));
    }

    [Fact]
    public async Task Answers_come_late_and_as_they_were_and_not_any_more_when_it_is_over()
    {
        _link.Weather = new HttpWeather(100) { Latency = AWhile };
        var clock = Stopwatch.StartNew();
        (await _http.GetStringAsync(new Uri("/", UriKind.Relative), Ct)).ShouldBe("done");
        clock.Elapsed.ShouldBeGreaterThanOrEqualTo(AWhile);

        _link.Weather = null;
        await _http.GetStringAsync(new Uri("/", UriKind.Relative), Ct);

        _link.Worsened.ShouldBe(1);
    }

    [Fact]
    public async Task It_happens_to_as_many_as_the_percentage_says()
    {
        _link.Weather = new HttpWeather(30) { Status = 500 };
        var statuses = new List<HttpStatusCode>();
        for (var i = 0; i < 400; i++)
        {
            using var answer = await _http.GetAsync(new Uri("/", UriKind.Relative), Ct);
            statuses.Add(answer.StatusCode);
        }

        // 30 % of 400 with five standard deviations on both sides.
        statuses.Count(status => status == HttpStatusCode.InternalServerError).ShouldBeInRange(74, 166);
    }

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                var asked = await _service.GetContextAsync();
                using var reader = new StreamReader(asked.Request.InputStream);
                _heard.Add($"{asked.Request.HttpMethod} {asked.Request.RawUrl} {asked.Request.ContentType} {await reader.ReadToEndAsync()}".TrimEnd());
                asked.Response.StatusCode = 201;
                asked.Response.Headers["X-Mine"] = "yes";
                asked.Response.Close("done"u8.ToArray(), willBlock: false);
            }
        }
        catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
        {
            // it is over
        }
    }
}

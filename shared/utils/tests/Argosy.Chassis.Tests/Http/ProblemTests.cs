using System.Net;
using System.Net.Sockets;
using System.Text;
using Argosy.Chassis.Hosting;
using Argosy.Chassis.Resilience;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Http;

public sealed class ProblemTests : IAsyncLifetime
{
    private enum Mood
    {
        VeryGood,
        Bad,
    }

    private sealed record Inner(int Count);

    private sealed record Asked(string Name, Money Price, Mood Mood, IReadOnlyList<Inner> Lines, string? Note, long? Often, bool? Gift, int Tip = 3);

    private ProcessHost _host = null!;

    public async ValueTask InitializeAsync() => _host = await ProcessHost.StartAsync(app =>
    {
        app.MapPost("/ask", (Asked asked) => Results.Ok(asked));
        app.MapGet("/number", (int n) => Results.Ok(n));
        app.MapGet("/conflict", () => Problem.Conflict("order.shipped", "A dispatched order cannot be cancelled.").ToResult());
        app.MapGet("/quoted", () => Problem.Conflict("quoted", "It is 'this' & <that>.").ToResult());
        app.MapGet("/away", () => Problem.Unavailable("stock.away", "Stock is away.", TimeSpan.FromSeconds(2.1)).ToResult());
        app.MapGet("/often", () => Problem.QuotaExceeded("strict", "You have asked often enough.", TimeSpan.FromSeconds(6)).ToResult());
        app.MapGet("/bug", string () => throw new InvalidOperationException("password=hunter2"));
        app.MapGet("/open", string () => throw new BreakerOpenException("user-service", TimeSpan.FromSeconds(12)));
        app.MapGet("/gone", () => Results.StatusCode(410));
        app.MapGet("/teapot", () => Results.Text("short and stout", statusCode: 418));
        app.MapGet("/half", async (HttpContext http) =>
        {
            await http.Response.WriteAsync("begun");
            await http.Response.Body.FlushAsync();
            throw new InvalidOperationException("too late for a problem");
        });
    });

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task A_refusal_becomes_problem_details_with_its_trace()
    {
        var problem = await Shown.OfAsync(await _host.Client.GetAsync("/conflict"));
        problem.Answer.StatusCode.ShouldBe(HttpStatusCode.Conflict);
        problem.Json.GetRawText().ShouldStartWith(
            """{"type":"urn:argosy:problem:order.shipped","title":"Conflict","status":409,"detail":"A dispatched order cannot be cancelled.","traceId":""");
        problem.Json.GetProperty("traceId").GetString()!.Length.ShouldBe(32);
        problem.Answer.Headers.CacheControl!.NoStore.ShouldBeTrue();
    }

    [Fact]
    public async Task Quotes_are_not_escaped_as_if_it_were_for_a_page() =>
        (await Shown.OfAsync(await _host.Client.GetAsync("/quoted"))).Json.GetRawText().ShouldContain("""It is 'this' & <that>.""");

    [Fact]
    public async Task Retry_after_is_whole_seconds_and_never_too_early()
    {
        var problem = await Shown.OfAsync(await _host.Client.GetAsync("/away"));
        problem.Status.ShouldBe(503);
        problem.Answer.Headers.RetryAfter!.Delta.ShouldBe(TimeSpan.FromSeconds(3));
    }

    [Fact]
    public async Task A_quota_that_is_used_up_has_the_type_of_the_standard_and_names_its_policy()
    {
        using var answer = await _host.Client.GetAsync("/often");

        answer.StatusCode.ShouldBe(HttpStatusCode.TooManyRequests);
        (await answer.Content.ReadAsStringAsync()).ShouldStartWith(
            """{"type":"https://iana.org/assignments/http-problem-types#quota-exceeded","title":"Quota exceeded","status":429,"detail":"You have asked often enough.","violated-policies":["strict"],"traceId":""");
    }

    [Fact]
    public async Task An_open_breaker_is_a_503_that_says_for_how_long()
    {
        var problem = await Shown.OfAsync(await _host.Client.GetAsync("/open"));
        problem.Code.ShouldBe("dependency.unavailable");
        problem.Answer.Headers.RetryAfter!.Delta.ShouldBe(TimeSpan.FromSeconds(12));
    }

    [Fact]
    public async Task A_bug_tells_the_caller_nothing()
    {
        var problem = await Shown.OfAsync(await _host.Client.GetAsync("/bug"));
        problem.Status.ShouldBe(500);
        var raw = problem.Json.GetRawText();
        raw.ShouldNotContain("hunter2");
        raw.ShouldNotContain("Exception");
    }

    [Fact]
    public async Task What_is_not_there_and_methods_that_do_not_fit_are_problems_too()
    {
        (await Shown.OfAsync(await _host.Client.GetAsync("/nowhere"))).Code.ShouldBe("path.unknown");
        (await Shown.OfAsync(await _host.Client.GetAsync("/gone"))).Status.ShouldBe(410);
        var method = await Shown.OfAsync(await _host.Client.DeleteAsync("/number"));
        method.Status.ShouldBe(405);
        method.Answer.Content.Headers.Allow.ShouldBe(["GET"]);
    }

    [Fact]
    public async Task A_body_that_an_endpoint_wrote_itself_stays()
    {
        var answer = await _host.Client.GetAsync("/teapot");
        (await answer.Content.ReadAsStringAsync()).ShouldBe("short and stout");
    }

    [Fact]
    public async Task A_head_answer_has_no_body()
    {
        var answer = await _host.Client.SendAsync(new HttpRequestMessage(HttpMethod.Head, "/nowhere"));
        answer.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await answer.Content.ReadAsByteArrayAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task An_answer_that_breaks_halfway_is_cut_off_and_not_passed_off_as_whole() =>
        await Should.ThrowAsync<HttpRequestException>(() => _host.Client.GetStringAsync("/half"));

    private const string Good = """{"name":"a","price":{"amount":1,"currency":"EUR"},"mood":"very-good","lines":[{"count":1}]}""";

    [Fact]
    public async Task Good_json_passes_and_what_is_absent_stays_absent()
    {
        var answer = await PostAsync(Good);
        (await answer.Content.ReadAsStringAsync()).ShouldBe(
            """{"name":"a","price":{"amount":1,"currency":"EUR"},"mood":"very-good","lines":[{"count":1}],"tip":3}""");
    }

    [Theory]
    [InlineData("""{"name":"a","extra":1}""", "extra", "is not a member this endpoint knows")]
    [InlineData("""{"lines":[{"count":1,"price":2}]}""", "lines[0].price", "is not a member this endpoint knows")]
    [InlineData("""{"name":"a","name":"b"}""", "name", "appears twice")]
    [InlineData("""{"Name":"a"}""", "Name", "is not a member this endpoint knows")]
    [InlineData("""{"name":"a"}""", "lines", "is required")]
    [InlineData("""{"name":null}""", "name", "must not be null")]
    [InlineData("""{"name":5}""", "name", "must be a string")]
    [InlineData("""{"lines":[{"count":"1"}]}""", "lines[0].count", "must be a number")]
    [InlineData("""{"lines":[{"count":1e99}]}""", "lines[0].count", "must be a whole number of 32 bits")]
    [InlineData("""{"lines":{"count":1}}""", "lines", "must be a list")]
    [InlineData("""{"note":5}""", "note", "must be a string")]
    [InlineData("""{"often":"x"}""", "often", "must be a number")]
    [InlineData("""{"gift":1}""", "gift", "must be true or false")]
    [InlineData("""{"mood":1}""", "mood", "does not have the type that belongs here")]
    [InlineData("""{"mood":"lovely"}""", "mood", "does not have the type that belongs here")]
    [InlineData("""{"price":{"amount":1.5,"currency":"EUR"}}""", "price", "The amount is an integer, in minor units.")]
    public async Task Json_that_does_not_fit_says_where_and_why(string json, string member, string error)
    {
        var problem = await Shown.OfAsync(await PostAsync(json));
        problem.Status.ShouldBe(400);
        problem.Error(member).ShouldBe(error);
        problem.Json.GetRawText().ShouldNotContain("Argosy.");
    }

    [Theory]
    [InlineData("{")]
    [InlineData("hello")]
    [InlineData("[]")]
    [InlineData("5")]
    [InlineData("""{"name":"a",}""")]
    [InlineData(Good + " x")]
    public async Task What_is_not_json_says_where_it_stops_being_it(string text)
    {
        var problem = await Shown.OfAsync(await PostAsync(text));
        problem.Code.ShouldBe("body.malformed");
        problem.Detail.ShouldMatch(@"line \d+, byte \d+");
    }

    [Fact]
    public async Task Json_as_deep_as_the_sea_is_refused() =>
        (await Shown.OfAsync(await PostAsync($$"""{"lines":{{new string('[', 10_000)}}{{new string(']', 10_000)}}}"""))).Status.ShouldBe(400);

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    public async Task No_body_is_told_so(string text) => (await Shown.OfAsync(await PostAsync(text))).Code.ShouldBe("body.required");

    [Fact]
    public async Task Another_media_type_is_told_so() =>
        (await Shown.OfAsync(await PostAsync(Good, "text/plain"))).Status.ShouldBe(415);

    [Fact]
    public async Task A_query_parameter_that_does_not_fit_is_named()
    {
        (await Shown.OfAsync(await _host.Client.GetAsync("/number?n=x"))).Error("n").ShouldBe("must be a whole number of 32 bits");
        (await Shown.OfAsync(await _host.Client.GetAsync("/number"))).Error("n").ShouldBe("is required");
    }

    [Fact]
    public async Task A_body_over_the_limit_is_a_413_with_and_without_its_length()
    {
        var large = "\"" + new string('x', 300 * 1024) + "\"";
        (await Shown.OfAsync(await PostAsync(large))).Code.ShouldBe("body.too-large");
        using var request = new HttpRequestMessage(HttpMethod.Post, "/ask") { Content = new StringContent(large, Encoding.UTF8, "application/json") };
        request.Headers.TransferEncodingChunked = true;
        (await Shown.OfAsync(await _host.Client.SendAsync(request))).Status.ShouldBe(413);
    }

    [Theory]
    [InlineData("GET /number HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400)]
    [InlineData("GET /number HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400)]
    [InlineData("GET /number HTTP/1.1\r\nHost: x\r\nX: {20000}\r\n\r\n", 431)]
    [InlineData("GET /{10000} HTTP/1.1\r\nHost: x\r\n\r\n", 414)]
    [InlineData("GET /number HTTP/2.0\r\nHost: x\r\n\r\n", 505)]
    public async Task The_server_refuses_what_is_not_plain_HTTP_1_1(string request, int status)
    {
        using var tcp = new TcpClient();
        await tcp.ConnectAsync(_host.Address.Host, _host.Address.Port);
        var text = request.Replace("{20000}", new string('x', 20000)).Replace("{10000}", new string('x', 10000));
        await tcp.GetStream().WriteAsync(Encoding.ASCII.GetBytes(text));
        using var reader = new StreamReader(tcp.GetStream());
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        var head = new List<string>();
        while (await reader.ReadLineAsync(deadline.Token) is { Length: > 0 } line)
        {
            head.Add(line);
        }

        head[0].ShouldStartWith($"HTTP/1.1 {status}");
        head.ShouldNotContain(line => line.StartsWith("Server:"));
    }

    private Task<HttpResponseMessage> PostAsync(string text, string type = "application/json") =>
        _host.Client.PostAsync("/ask", new StringContent(text, Encoding.UTF8, type));
}

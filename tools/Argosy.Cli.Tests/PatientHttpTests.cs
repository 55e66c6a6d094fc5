using System.Net;
using System.Net.Sockets;
using System.Text;
using Argosy.Cli.Access;
using Argosy.Cli.Processes;
using Shouldly;
using Xunit;

namespace Argosy.Cli.Tests;

public sealed class PatientHttpTests : IDisposable
{
    private readonly HttpListener _server = new();
    private readonly int _port = Ports.Free(["x"])["x"];
    private readonly List<(string? Key, string Body)> _seen = [];

    public PatientHttpTests() => _server.Prefixes.Add($"http://127.0.0.1:{_port}/");

    private string Address => $"http://127.0.0.1:{_port}";

    public void Dispose() => _server.Close();

    [Fact]
    public async Task The_same_request_goes_out_with_the_same_key_until_an_answer_says_something()
    {
        Serve(500, 503, 200);
        using var http = new PatientHttp(Address, TimeProvider.System);

        var answer = await http.AskAsync(Order, TimeSpan.FromSeconds(30), CancellationToken.None);

        answer.Status.ShouldBe(HttpStatusCode.OK);
        _seen.ShouldBe([("key-1", "{}"), ("key-1", "{}"), ("key-1", "{}")]);
        http.Unsure.ShouldBe(2);
    }

    [Theory]
    [InlineData(400)]
    [InlineData(404)]
    [InlineData(409)]
    [InlineData(422)]
    public async Task A_refusal_is_an_answer(int status)
    {
        Serve(status);
        using var http = new PatientHttp(Address, TimeProvider.System);

        ((int)(await http.AskAsync(Order, TimeSpan.FromSeconds(30), CancellationToken.None)).Status).ShouldBe(status);

        _seen.Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_twin_under_way_is_asked_for_again()
    {
        Serve([409, 200], """{"type":"urn:argosy:problem:idempotency.twin"}""");
        using var http = new PatientHttp(Address, TimeProvider.System);

        (await http.AskAsync(Order, TimeSpan.FromSeconds(30), CancellationToken.None)).IsSuccess.ShouldBeTrue();
    }

    [Fact]
    public async Task Whoever_gives_up_as_the_connection_breaks_has_given_up()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var http = new PatientHttp($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}", TimeProvider.System);
        for (var i = 0; i < 200; i++)
        {
            using var enough = new CancellationTokenSource();
            var asking = http.AskAsync(Order, TimeSpan.FromSeconds(30), enough.Token);
            using (var connection = await listener.AcceptSocketAsync(TestContext.Current.CancellationToken))
            {
                connection.LingerState = new LingerOption(true, 0);     // the end is a reset
            }

            await enough.CancelAsync();
            await Should.ThrowAsync<OperationCanceledException>(() => asking);
        }
    }

    [Fact]
    public async Task A_server_that_comes_back_is_asked_again()
    {
        using var http = new PatientHttp(Address, TimeProvider.System);

        var asking = http.AskAsync(Order, TimeSpan.FromSeconds(30), CancellationToken.None);
        await Eventually.Holds(() => http.Lost > 0, "the connection was refused");
        Serve(200);

        (await asking).IsSuccess.ShouldBeTrue();
    }

    [Fact]
    public async Task After_the_deadline_the_last_word_is_reported()
    {
        Serve([.. Enumerable.Repeat(503, 50)]);
        using var http = new PatientHttp(Address, TimeProvider.System);

        // The first answer of all takes as long as compiling what gives it.
        var failure = await Should.ThrowAsync<UnansweredException>(() => http.AskAsync(Order, TimeSpan.FromSeconds(0.5), CancellationToken.None));
        for (var patience = TimeSpan.FromSeconds(1); http.Unsure == 0 && patience < TimeSpan.FromSeconds(10); patience *= 2)
        {
            failure = await Should.ThrowAsync<UnansweredException>(() => http.AskAsync(Order, patience, CancellationToken.None));
        }

        failure.Message.ShouldContain("POST /api/v1/orders");
        failure.Message.ShouldContain("503");
    }

    private static Ask Order => Ask.Post("/api/v1/orders") with { Body = "{}"u8.ToArray(), IdempotencyKey = "key-1" };

    private void Serve(params int[] statuses) => Serve(statuses, "");

    private void Serve(int[] statuses, string body)
    {
        _server.Start();
        _ = AnswerEachAsync(statuses, body);
    }

    private async Task AnswerEachAsync(int[] statuses, string body)
    {
        foreach (var status in statuses)
        {
            var context = await _server.GetContextAsync();
            using var reader = new StreamReader(context.Request.InputStream);
            _seen.Add((context.Request.Headers["Idempotency-Key"], await reader.ReadToEndAsync()));
            context.Response.StatusCode = status;
            await context.Response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes(body));
            context.Response.Close();
        }
    }
}

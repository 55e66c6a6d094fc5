using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Argosy.Checker.History;
using Argosy.Cli.Access;
using Argosy.Cli.Demo;
using Argosy.Cli.Processes;
using Argosy.FaultLab.Load;
using Argosy.Testing;
using Shouldly;
using Xunit;

namespace Argosy.FaultLab.Tests;

/// <summary>Who follows orders in the lab, and what it takes for an end that nobody was told of.</summary>
public sealed class StreamsTests : IAsyncLifetime
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    private readonly string _folder = Directory.CreateTempSubdirectory("argosy-streams-").FullName;
    private readonly HttpListener _gateway = new();
    private readonly ConcurrentQueue<string?> _after = [];
    private readonly CancellationTokenSource _enough = new();
    private PatientHttp _http = null!;
    private Session _customer = null!;
    private HistoryWriter _history = null!;
    private Streams _streams = null!;
    private Task _serving = Task.CompletedTask;

    public ValueTask InitializeAsync()
    {
        var address = $"http://127.0.0.1:{ServiceProcess.FreePort()}/";
        _gateway.Prefixes.Add(address);
        _gateway.Start();
        _serving = ServeAsync();
        _http = new PatientHttp(address, TimeProvider.System);
        var data = new DataFolder(_folder);
        Directory.CreateDirectory(data.Accounts);
        _customer = new Session(_http, new Accounts(data, _http), "ada@example.com");
        _history = new HistoryWriter(Path.Combine(_folder, "told.jsonl"));
        _streams = new Streams(_customer, new Recorder(_history, TimeProvider.System), _enough.Token);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await _enough.CancelAsync();
        await _streams.EndAsync();
        _gateway.Stop();
        await _serving;
        _gateway.Close();
        _customer.Dispose();
        _http.Dispose();
        _history.Dispose();
        _enough.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task An_order_is_followed_to_its_end_over_lost_connections_and_what_is_heard_is_written_down()
    {
        _streams.Follow("ends");
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        deadline.CancelAfter(TimeSpan.FromSeconds(20));

        (await _streams.CheckAsync(deadline.Token)).ShouldBeEmpty();
        _streams.Heard.ShouldBe(1);
        _after.ShouldBe([null, "1"]);
        HistoryFile.Read(_history.Path).Select(line => (line.Order, line.Told)).ShouldBe([("ends", "paid"), ("ends", "confirmed")]);
    }

    [Fact]
    public async Task One_that_never_tells_its_end_is_told()
    {
        _streams.Follow("never-ends");
        await Eventually.HoldsAsync(() => _after.Count > 1, "it is asked for again and again", TimeSpan.FromSeconds(20));

        (await _streams.CheckAsync(new CancellationToken(canceled: true))).ShouldBe(["order never-ends was followed on its stream, which hasn't told its end"]);
    }

    // Whoever logs in, and the streams of two orders: a connection tells one status and is lost.
    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                var context = await _gateway.GetContextAsync();
                var path = context.Request.Url!.AbsolutePath;
                var last = context.Request.Headers["Last-Event-ID"];
                if (path.EndsWith("/stream", StringComparison.Ordinal))
                {
                    _after.Enqueue(last);
                }

                var said = path.EndsWith("/stream", StringComparison.Ordinal)
                    ? Tell(path.Split('/')[^2], last is not null && !path.Contains("never", StringComparison.Ordinal) ? (2, "confirmed") : (1, "paid"))
                    : """{"access_token":"a.token.x","expires_in":60}""";
                await context.Response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes(said));
                context.Response.Close();
            }
        }
        catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
        {
            // it was stopped
        }
    }

    private static string Tell(string order, (int Id, string Status) what) =>
        $$$"""
        id: {{{what.Id}}}
        event: status
        data: {"id":"{{{order}}}","status":"{{{what.Status}}}","total":{"amount":1,"currency":"EUR"}}


        """;
}

using System.Net;
using Argosy.Cli.Access;
using Argosy.Cli.Processes;
using Argosy.Cli.Terminal;
using Shouldly;
using Xunit;

namespace Argosy.Cli.Tests;

/// <summary>An operator's change is done once, whatever becomes of the answer; who is away keeps nobody from seeing the others.</summary>
public sealed class DeskTests : IDisposable
{
    private readonly HttpListener _server = new();
    private readonly ProcessEntry _service;
    private readonly ProcessEntry _away;
    private readonly Desk _desk;
    private readonly List<(string Method, string? Key)> _seen = [];

    public DeskTests()
    {
        var ports = Ports.Free(["order-service", "payment-service"]);
        _service = Entry("order-service", ports["order-service"]);
        _away = Entry("payment-service", ports["payment-service"]);
        _server.Prefixes.Add($"{_service.Url}/");
        _desk = new Desk([_service, _away], "token", (_, _) => Task.FromResult("token"), TimeProvider.System, new Screen());
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => _server.Close();

    [Fact]
    public async Task A_change_whose_answer_was_lost_is_asked_again_under_its_key_and_the_next_has_another()
    {
        Serve(500, 204, 204);

        await _desk.AskAsync(_service, Ask.Post("/admin/dead-letters/1/retry"), Ct);
        await _desk.AskAsync(_service, Ask.Post("/admin/dead-letters/2/retry"), Ct);

        var keys = _seen.Select(seen => seen.Key).ToList();
        keys.ShouldAllBe(key => key != null);
        (keys[0] == keys[1], keys[1] == keys[2]).ShouldBe((true, false));
    }

    [Fact]
    public async Task A_question_needs_no_key_and_a_change_that_has_one_keeps_it()
    {
        Serve(200, 204);

        await _desk.AskAsync(_service, Ask.Get("/admin/sagas"), Ct);
        await _desk.AskAsync(_service, Ask.Post("/admin/audit/notes") with { IdempotencyKey = "mine" }, Ct);

        _seen.ShouldBe([("GET", null), ("POST", "mine")]);
    }

    [Fact]
    public async Task Who_is_away_is_left_out_and_what_is_shown_is_called_short()
    {
        Serve(200);

        var heard = await _desk.EachAsync(_desk.Services(null), service =>
            service == _away ? throw new UnansweredException("nobody is there") : _desk.AskAsync(service, Ask.Get("/admin/audit"), Ct));

        heard.ShouldHaveSingleItem().Service.ShouldBe(_service);
        (_desk.IsShort, _desk.ExitCode).ShouldBe((true, ExitCodes.Failed));
    }

    private static ProcessEntry Entry(string name, int port) => new(name, null, port, $"http://127.0.0.1:{port}");

    private void Serve(params int[] statuses)
    {
        _server.Start();
        _ = AnswerEachAsync(statuses);
    }

    private async Task AnswerEachAsync(int[] statuses)
    {
        foreach (var status in statuses)
        {
            var context = await _server.GetContextAsync();
            _seen.Add((context.Request.HttpMethod, context.Request.Headers["Idempotency-Key"]));
            context.Response.StatusCode = status;
            context.Response.Close();
        }
    }
}

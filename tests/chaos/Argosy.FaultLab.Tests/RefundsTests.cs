using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Argosy.Cli.Access;
using Argosy.FaultLab.Load;
using Shouldly;
using Xunit;

namespace Argosy.FaultLab.Tests;

/// <summary>What the lab takes for money that was given back once too often, or not at all.</summary>
public sealed class RefundsTests
{
    private readonly Refunds _refunds = new("ada");
    private readonly List<JsonObject> _there = [];

    [Fact]
    public async Task What_was_acknowledged_is_there_once_and_done_in_the_end()
    {
        await GiveAsync(HttpStatusCode.Accepted);
        (await CheckAsync()).ShouldBeEmpty();

        _there[0]["status"] = "refused";
        (await CheckAsync()).ShouldHaveSingleItem().ShouldStartWith("of payment pay-1 100 were to be given back ('ada, part 1'), which was acknowledged; in the end there is {");
        _there.Clear();
        (await CheckAsync()).ShouldHaveSingleItem().ShouldEndWith("in the end there is none");
    }

    [Theory]
    [InlineData(null, 0, true)]
    [InlineData(null, 1, true)]
    [InlineData(null, 2, false)]
    [InlineData(HttpStatusCode.ServiceUnavailable, 1, true)]
    [InlineData(HttpStatusCode.Accepted, 2, false)]
    [InlineData(HttpStatusCode.Unauthorized, 0, true)]
    [InlineData(HttpStatusCode.BadRequest, 0, false)]
    [InlineData(HttpStatusCode.UnprocessableEntity, 0, true)]
    [InlineData(HttpStatusCode.UnprocessableEntity, 1, false)]
    public async Task Twice_is_wrong_whatever_was_answered_and_so_is_what_was_refused_and_an_answer_that_the_load_does_not_expect(HttpStatusCode? answered, int times, bool isRight)
    {
        await GiveAsync(answered);
        var one = _there.Single();
        _there.Clear();
        _there.AddRange(Enumerable.Range(0, times).Select(_ => (JsonObject)one.DeepClone()));

        (await CheckAsync()).Count.ShouldBe(isRight ? 0 : 1);
    }

    [Fact]
    public async Task Another_amount_is_wrong()
    {
        await GiveAsync(HttpStatusCode.Accepted);
        _there[0]["amount"]!["amount"] = 99;

        (await CheckAsync()).ShouldHaveSingleItem();
    }

    [Fact]
    public async Task What_is_still_on_its_way_when_time_is_up_is_told()
    {
        await GiveAsync(HttpStatusCode.Accepted);
        _there[0]["status"] = "pending";

        (await CheckAsync()).ShouldHaveSingleItem().ShouldContain("\"pending\"");
    }

    private Task GiveAsync(HttpStatusCode? answered) => _refunds.GiveAsync("order-1", 100, ask =>
    {
        if (ask.Method == HttpMethod.Get)
        {
            return Task.FromResult<Answer?>(Say(HttpStatusCode.OK, new { items = new[] { new { id = "pay-1" } } }));
        }

        var refund = JsonNode.Parse(ask.Body!)!.AsObject();
        ask.IdempotencyKey.ShouldNotBeNull().ShouldAllBe(c => c >= '!' && c <= '~');
        refund["status"] = "done";
        _there.Add(refund);
        return Task.FromResult(answered is { } status ? Say(status, refund) : null);
    });

    private async Task<IReadOnlyList<string>> CheckAsync() =>
        await _refunds.CheckAsync(_ => Task.FromResult(Say(HttpStatusCode.OK, new { items = _there })), new CancellationToken(canceled: true));

    private static Answer Say(HttpStatusCode status, object body) => new(status, JsonSerializer.SerializeToUtf8Bytes(body), RetryAfter: null);
}

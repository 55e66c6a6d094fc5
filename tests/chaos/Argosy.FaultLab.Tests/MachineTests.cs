using System.Net;
using System.Text.Json;
using Argosy.Cli.Access;
using Argosy.FaultLab.Load;
using Shouldly;
using Xunit;

namespace Argosy.FaultLab.Tests;

/// <summary>What the lab takes for an API key that opens too little, or too much.</summary>
public sealed class MachineTests
{
    private const string Text = "argosy_abcdefgh_secret";
    private const string Order = "order-1";
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(HttpStatusCode.Created, HttpStatusCode.OK, 0)]
    [InlineData(HttpStatusCode.Created, HttpStatusCode.Unauthorized, 1)]
    [InlineData(HttpStatusCode.Created, HttpStatusCode.NotFound, 1)]
    [InlineData(HttpStatusCode.ServiceUnavailable, HttpStatusCode.Unauthorized, 0)]
    [InlineData(HttpStatusCode.Unauthorized, HttpStatusCode.Unauthorized, 0)]
    [InlineData(HttpStatusCode.BadRequest, HttpStatusCode.Unauthorized, 1)]
    [InlineData(null, HttpStatusCode.Unauthorized, 0)]
    public async Task A_key_that_was_made_and_never_to_be_revoked_reads_its_owner_s_order(HttpStatusCode? made, HttpStatusCode reads, int findings)
    {
        var machine = new Machine("ada", revokes: false);

        await StepsAsync(machine, made, used: HttpStatusCode.OK, revoked: null);

        var isMade = made == HttpStatusCode.Created;
        (machine.IsMade, machine.IsUsed, machine.IsRevoked).ShouldBe((isMade, isMade, false));
        (await CheckAsync(machine, reads, changes: HttpStatusCode.Unauthorized)).Count.ShouldBe(findings);
    }

    [Theory]
    [InlineData(HttpStatusCode.NoContent, HttpStatusCode.Unauthorized, 0)]
    [InlineData(HttpStatusCode.NotFound, HttpStatusCode.Unauthorized, 0)]
    [InlineData(HttpStatusCode.NoContent, HttpStatusCode.NotFound, 1)]
    [InlineData(HttpStatusCode.NoContent, HttpStatusCode.Accepted, 1)]
    [InlineData(HttpStatusCode.ServiceUnavailable, HttpStatusCode.NotFound, 0)]
    [InlineData(HttpStatusCode.Forbidden, HttpStatusCode.NotFound, 1)]
    [InlineData(null, HttpStatusCode.Accepted, 0)]
    public async Task One_whose_revocation_was_acknowledged_changes_nothing_more(HttpStatusCode? revoked, HttpStatusCode changes, int findings)
    {
        var machine = new Machine("ada", revokes: true);

        await StepsAsync(machine, HttpStatusCode.Created, used: HttpStatusCode.OK, revoked);

        machine.IsRevoked.ShouldBe(revoked is HttpStatusCode.NoContent or HttpStatusCode.NotFound);
        (await CheckAsync(machine, reads: HttpStatusCode.OK, changes)).Count.ShouldBe(findings);
    }

    [Fact]
    public async Task It_is_used_until_it_opens_something_and_some_times_at_most_and_then_revoked()
    {
        var machine = new Machine("ada", revokes: true);

        var uses = await StepsAsync(machine, HttpStatusCode.Created, used: null, HttpStatusCode.NoContent);

        (uses, machine.IsUsed, machine.IsRevoked).ShouldBe((5, false, true));
    }

    [Fact]
    public async Task Whoever_has_not_heard_of_it_yet_is_asked_again_until_time_is_up()
    {
        var machine = new Machine("ada", revokes: true);
        await StepsAsync(machine, HttpStatusCode.Created, used: HttpStatusCode.OK, HttpStatusCode.NoContent);
        var asked = 0;

        var wrong = await machine.CheckAsync(Order, (_, _) => Task.FromResult(Say(++asked < 3 ? HttpStatusCode.NotFound : HttpStatusCode.Unauthorized, new { })), Ct);

        (wrong.Count, asked).ShouldBe((0, 3));
    }

    // Until nothing more comes of it; how often it was used.
    private static async Task<int> StepsAsync(Machine machine, HttpStatusCode? made, HttpStatusCode? used, HttpStatusCode? revoked)
    {
        var uses = 0;
        for (var i = 0; i < 10 && !machine.IsDone; i++)
        {
            await machine.NextAsync(
                "a password", Order,
                ask => Task.FromResult((ask.Method.Method, ask.Path) switch
                {
                    ("POST", "/api/v1/auth/api-keys") => Say(made, new { id = "key-1", key = Text }),
                    ("DELETE", "/api/v1/auth/api-keys/key-1") => Say(revoked, new { }),
                    _ => throw new InvalidOperationException($"nobody asks for {ask.Path}"),
                }),
                (key, ask) =>
                {
                    uses++;
                    return (key, ask.Path) == (Text, $"/api/v1/orders/{Order}") ? Task.FromResult(Say(used, new { })) : throw new InvalidOperationException($"'{key}' asks for {ask.Path}");
                });
        }

        machine.IsDone.ShouldBeTrue();
        return uses;
    }

    private static Task<IReadOnlyList<string>> CheckAsync(Machine machine, HttpStatusCode reads, HttpStatusCode changes) => machine.CheckAsync(
        Order,
        (key, ask) => Task.FromResult((key, ask.Method.Method, ask.Path) switch
        {
            (Text, "GET", $"/api/v1/orders/{Order}") => Say(reads, new { }),
            (Text, "POST", "/api/v1/orders/ada/cancel") => Say(changes, new { }),
            _ => throw new InvalidOperationException($"'{key}' asks for {ask.Path}"),
        }),
        new CancellationToken(canceled: true));

    private static Answer? Say(HttpStatusCode? status, object body) => status is { } known ? Say(known, body) : null;

    private static Answer Say(HttpStatusCode status, object body) => new(status, JsonSerializer.SerializeToUtf8Bytes(body), RetryAfter: null);
}

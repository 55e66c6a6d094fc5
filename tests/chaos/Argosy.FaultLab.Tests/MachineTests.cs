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

    [Theory]
    [InlineData(HttpStatusCode.Created, HttpStatusCode.OK, 0)]
    [InlineData(HttpStatusCode.Created, HttpStatusCode.Unauthorized, 1)]
    [InlineData(HttpStatusCode.Created, HttpStatusCode.Forbidden, 1)]
    [InlineData(HttpStatusCode.ServiceUnavailable, HttpStatusCode.Unauthorized, 0)]
    [InlineData(HttpStatusCode.Unauthorized, HttpStatusCode.Unauthorized, 0)]
    [InlineData(HttpStatusCode.BadRequest, HttpStatusCode.Unauthorized, 1)]
    [InlineData(null, HttpStatusCode.Unauthorized, 0)]
    public async Task A_key_that_was_made_and_never_to_end_opens_what_it_is_for(HttpStatusCode? made, HttpStatusCode opens, int findings)
    {
        var machine = new Machine("ada", ends: false);

        await StepsAsync(machine, made, revoked: null);

        (machine.IsMade, machine.IsEnded).ShouldBe((made == HttpStatusCode.Created, false));
        (await CheckAsync(machine, reads: opens, changes: HttpStatusCode.Unauthorized)).Count.ShouldBe(findings);
    }

    [Theory]
    [InlineData(HttpStatusCode.NoContent, HttpStatusCode.Unauthorized, 0)]
    [InlineData(HttpStatusCode.NotFound, HttpStatusCode.Unauthorized, 0)]
    [InlineData(HttpStatusCode.NoContent, HttpStatusCode.NotFound, 1)]
    [InlineData(HttpStatusCode.NoContent, HttpStatusCode.Accepted, 1)]
    [InlineData(HttpStatusCode.ServiceUnavailable, HttpStatusCode.NotFound, 0)]
    [InlineData(HttpStatusCode.Forbidden, HttpStatusCode.NotFound, 1)]
    [InlineData(null, HttpStatusCode.Accepted, 0)]
    public async Task One_whose_end_was_acknowledged_changes_nothing_more(HttpStatusCode? revoked, HttpStatusCode changes, int findings)
    {
        var machine = new Machine("ada", ends: true);

        await StepsAsync(machine, HttpStatusCode.Created, revoked);

        machine.IsEnded.ShouldBe(revoked is HttpStatusCode.NoContent or HttpStatusCode.NotFound);
        (await CheckAsync(machine, reads: HttpStatusCode.OK, changes)).Count.ShouldBe(findings);
    }

    // Until nothing more comes of it: made, used, revoked.
    private static async Task StepsAsync(Machine machine, HttpStatusCode? made, HttpStatusCode? revoked)
    {
        for (var i = 0; i < 10 && !machine.IsDone; i++)
        {
            await machine.NextAsync(
                "a password",
                ask => Task.FromResult((ask.Method == HttpMethod.Post ? made : revoked) is { } status ? Say(status, new { id = "key-1", key = Text }) : null),
                (key, ask) => key == Text ? Task.FromResult<Answer?>(null) : throw new InvalidOperationException($"nobody has the key '{key}' for {ask.Path}"));
        }

        machine.IsDone.ShouldBeTrue();
    }

    private static Task<IReadOnlyList<string>> CheckAsync(Machine machine, HttpStatusCode reads, HttpStatusCode changes) => machine.CheckAsync(
        (key, ask) => key == Text ? Task.FromResult(Say(ask.Method == HttpMethod.Get ? reads : changes, new { })) : throw new InvalidOperationException($"nobody has the key '{key}'"),
        new CancellationToken(canceled: true));

    private static Answer Say(HttpStatusCode status, object body) => new(status, JsonSerializer.SerializeToUtf8Bytes(body), RetryAfter: null);
}

using System.Net;
using System.Text.Json;
using Argosy.Cli.Access;
using Argosy.FaultLab.Load;
using Shouldly;
using Xunit;

namespace Argosy.FaultLab.Tests;

/// <summary>What the lab takes for somebody who was registered and got lost.</summary>
public sealed class NewcomersTests
{
    private readonly Newcomers _newcomers = new("ada");

    [Theory]
    [InlineData(HttpStatusCode.Created, true, true, 0)]
    [InlineData(HttpStatusCode.Created, false, true, 1)]
    [InlineData(HttpStatusCode.Created, true, false, 1)]
    [InlineData(HttpStatusCode.Conflict, false, true, 1)]
    [InlineData(HttpStatusCode.ServiceUnavailable, false, false, 0)]
    [InlineData(null, false, false, 0)]
    public async Task Whoever_was_registered_logs_in_and_has_a_profile(HttpStatusCode? answered, bool logsIn, bool hasProfile, int findings)
    {
        var email = "";
        await _newcomers.RegisterAsync(ask =>
        {
            email = JsonDocument.Parse(ask.Body).RootElement.GetProperty("email").GetString()!;
            return Task.FromResult(answered is { } status ? Say(status, new { }) : null);
        });

        var wrong = await _newcomers.CheckAsync(ask => Task.FromResult(ask switch
        {
            { Method.Method: "POST" } => logsIn ? Say(HttpStatusCode.OK, new { access_token = "a-token", expires_in = 60 }) : Say(HttpStatusCode.Unauthorized, new { }),
            { Token: "a-token" } => hasProfile ? Say(HttpStatusCode.OK, new { email }) : Say(HttpStatusCode.NotFound, new { }),
            _ => throw new InvalidOperationException($"nobody asks for {ask.Path}"),
        }), new CancellationToken(canceled: true));

        wrong.Count.ShouldBe(findings);
        wrong.ShouldAllBe(finding => finding.StartsWith($"{email} was registered, and in the end their", StringComparison.Ordinal));
    }

    private static Answer Say(HttpStatusCode status, object body) => new(status, JsonSerializer.SerializeToUtf8Bytes(body), RetryAfter: null);
}

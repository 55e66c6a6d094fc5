using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using Argosy.Testing;
using Shouldly;
using Xunit;

namespace Argosy.Auth.Tests;

/// <summary>Rotation in the real process, with another service that has its keys over HTTP.</summary>
public sealed class KeyProcessTests : IAsyncLifetime
{
    private static readonly TimeSpan Refresh = TimeSpan.FromMilliseconds(300);

    // Keys for RSA cost a second of a processor each; where nothing else is said, they are of the other kind.
    private static readonly Dictionary<string, string> Soon = new(StringComparer.Ordinal) { ["KEY_PUBLISH_SECONDS"] = "1", ["JWT_ALGORITHM"] = "ES256" };

    private readonly ConcurrentBag<Tokens> _issued = [];
    private Front _front = null!;

    public async ValueTask InitializeAsync() => _front = new Front(await ServiceBench.StartAsync("auth-service", "AuthService", Soon));

    public ValueTask DisposeAsync() => _front.DisposeAsync();

    [Theory]
    [InlineData("RS256")]
    [InlineData("ES256")]
    public async Task Nobody_is_refused_while_keys_are_rotated_under_load(string algorithm)
    {
        // Published for ten times as long as the other service waits between two looks.
        await _front.Bench.RestartAsync(new Dictionary<string, string>(Soon, StringComparer.Ordinal) { ["JWT_ALGORITHM"] = algorithm, ["KEY_PUBLISH_SECONDS"] = "3" });
        await using var consumer = await Consumer.StartAsync(_front.Bench.Address, Refresh);
        var admin = await _front.AdminAsync();
        using var end = new CancellationTokenSource();
        var people = await Task.WhenAll(Enumerable.Range(0, 4).Select(async _ => (await _front.PersonAsync()).Email));
        var load = people.Select(email => Task.Run(() => UseAsync(email, consumer, end.Token))).ToList();

        await Eventually.HoldsAsync(() => !_issued.IsEmpty || load.Any(l => l.IsFaulted), "the first key has signed", TimeSpan.FromSeconds(30));
        var signing = new List<string>();
        for (var i = 0; i < 3; i++)
        {
            signing.Add(await RotateAsync(admin));      // as soon as it is allowed
        }

        await Eventually.HoldsAsync(() => _issued.Any(tokens => tokens.KeyId == signing[^1]) || load.Any(l => l.IsFaulted), "life goes on", TimeSpan.FromSeconds(30));
        await end.CancelAsync();
        await Task.WhenAll(load);

        // All that was ever issued is still good, here and there.
        foreach (var tokens in _issued)
        {
            (await consumer.StatusAsync(tokens.Access)).ShouldBe(HttpStatusCode.OK);
            (await _front.AdminStatusAsync(tokens.Access)).ShouldBe(HttpStatusCode.Forbidden);
        }

        var used = _issued.Select(tokens => tokens.KeyId).Distinct().ToList();
        used.Count.ShouldBe(4);
        signing.ShouldBeSubsetOf(used);
        TestContext.Current.SendDiagnosticMessage($"{_issued.Count} tokens by {used.Count} keys, none refused");
    }

    [Fact]
    public async Task After_a_rotation_a_refreshed_token_is_by_the_new_key()
    {
        var (email, _) = await _front.PersonAsync();
        var before = await _front.TokensAsync(email);

        var signing = await RotateAsync(await _front.AdminAsync());

        signing.ShouldNotBe(before.KeyId);
        using var answer = await _front.RefreshAsync(before.Refresh);
        (await Tokens.OfAsync(answer)).KeyId.ShouldBe(signing);
        (await _front.TokensAsync(email)).KeyId.ShouldBe(signing);
    }

    [Fact]
    public async Task Only_administrators_rotate_and_not_before_the_next_key_is_known_to_all()
    {
        var (email, _) = await _front.PersonAsync();
        (await _front.RotateAsync("")).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        (await _front.RotateAsync((await _front.TokensAsync(email)).Access)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);

        await _front.Bench.RestartAsync(new Dictionary<string, string>(StringComparer.Ordinal) { ["JWT_ALGORITHM"] = Soon["JWT_ALGORITHM"] });      // with the time that it takes by default
        using var refused = await _front.RotateAsync(await _front.AdminAsync());

        refused.StatusCode.ShouldBe(HttpStatusCode.Conflict);
        (await Front.JsonAsync(refused)).GetProperty("type").GetString().ShouldBe("urn:argosy:problem:keys.next-too-young");
        refused.Headers.RetryAfter!.Delta!.Value.ShouldBeInRange(TimeSpan.FromMinutes(15), TimeSpan.FromMinutes(16));
    }

    /// <summary>Killed between any two steps: what was issued stays good, and the next start goes on from there.</summary>
    [Theory]
    [InlineData("keys.retired")]
    [InlineData("keys.audited")]
    [InlineData("keys.promoted")]
    [InlineData("keys.made:2")]     // the first is the start's
    public async Task A_death_in_the_middle_of_a_rotation_costs_nobody_a_token(string failpoint)
    {
        var (email, _) = await _front.PersonAsync();
        var before = await _front.TokensAsync(email);
        await _front.Bench.RestartAsync(new Dictionary<string, string>(Soon, StringComparer.Ordinal) { ["ARGOSY_FAILPOINT"] = failpoint });
        await using var consumer = await Consumer.StartAsync(_front.Bench.Address, Refresh);
        var admin = await _front.AdminAsync();
        await DiesAsync(admin);

        await _front.Bench.RestartAsync(Soon);

        var again = await _front.TokensAsync(email);
        await Eventually.HoldsAsync(async () => await consumer.StatusAsync(again.Access) == HttpStatusCode.OK, "the other service knows the key");
        (await consumer.StatusAsync(before.Access)).ShouldBe(HttpStatusCode.OK);
        (await _front.AdminStatusAsync(before.Access)).ShouldBe(HttpStatusCode.Forbidden);
        (await KeysAsync()).ShouldContain(before.KeyId);
        (await KeysAsync()).ShouldContain(again.KeyId);

        await _front.Bench.ExecuteAsync("delete from sys_lease where name = 'keys'");     // the minute of who died at it
        (await RotateAsync(admin)).ShouldNotBe(again.KeyId);
        (await consumer.StatusAsync(before.Access)).ShouldBe(HttpStatusCode.OK);
        (await consumer.StatusAsync(again.Access)).ShouldBe(HttpStatusCode.OK);
    }

    private async Task DiesAsync(string admin)
    {
        await Eventually.HoldsAsync(async () =>
        {
            try
            {
                using var answer = await _front.RotateAsync(admin);
                answer.StatusCode.ShouldBe(HttpStatusCode.Conflict);    // too early
                return false;
            }
            catch (HttpRequestException)
            {
                return true;
            }
        }, "the rotation came to its failpoint");
        await _front.Bench.Process.ExitAsync();
    }

    // Logs in, refreshes ten times, and shows every token to the other service at once.
    private async Task UseAsync(string email, Consumer consumer, CancellationToken end)
    {
        while (!end.IsCancellationRequested)
        {
            var tokens = await _front.TokensAsync(email);
            for (var i = 0; i < 10 && !end.IsCancellationRequested; i++)
            {
                (await consumer.StatusAsync(tokens.Access)).ShouldBe(HttpStatusCode.OK);
                _issued.Add(tokens);
                using var answer = await _front.RefreshAsync(tokens.Refresh);
                answer.StatusCode.ShouldBe(HttpStatusCode.OK);
                tokens = await Tokens.OfAsync(answer);
            }
        }
    }

    /// <summary>Rotates as soon as it is allowed; the key that signs then.</summary>
    private async Task<string> RotateAsync(string admin)
    {
        var answer = await Eventually.HasAsync(async () =>
        {
            using var answer = await _front.RotateAsync(admin);
            var json = await Front.JsonAsync(answer);
            answer.StatusCode.ShouldBeOneOf([HttpStatusCode.OK, HttpStatusCode.Conflict], json.ToString());
            return answer.StatusCode == HttpStatusCode.OK ? json.GetProperty("signing").GetString() : null;
        }, "the next key was published for long enough", TimeSpan.FromMinutes(1));
        (await KeysAsync()).ShouldContain(answer);
        return answer;
    }

    private async Task<IReadOnlyList<string>> KeysAsync() =>
        [.. JsonDocument.Parse(await _front.Http.GetStringAsync("/.well-known/jwks.json")).RootElement.GetProperty("keys").EnumerateArray().Select(key => key.GetProperty("kid").GetString()!)];
}

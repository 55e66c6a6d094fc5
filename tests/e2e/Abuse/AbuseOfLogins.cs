using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Shouldly;
using Xunit;

namespace Argosy.E2E.Abuse;

/// <summary>Guessing, listening and using twice. Numbers are those of the list of abuse cases.</summary>
[Trait("on", "embedded")]
public sealed class AbuseOfLogins(Fleet fleet)
{
    private const string Password = "a long walk on the shore";

    [Fact]
    public async Task Case31_of_fifty_uses_of_a_refresh_token_one_succeeds_and_the_family_is_over()
    {
        var tokens = await LoginAsync(await PersonAsync());
        var refresh = tokens.GetProperty("refresh_token").GetString()!;

        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => RefreshAsync(refresh)));

        var winner = answers.Where(answer => answer.IsSuccessStatusCode).ShouldHaveSingleItem();
        using var next = await RefreshAsync((await winner.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("refresh_token").GetString()!);
        (await next.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("error").GetString().ShouldBe("invalid_grant");
    }

    [Fact]
    public async Task Case33_a_redirect_that_nobody_registered_gets_a_page_and_no_location()
    {
        foreach (var uri in new[]
        {
            "https://evil.example/callback", "http://127.0.0.1.evil.example/callback", "http://127.0.0.1@evil.example/callback", "http://127.0.0.1/callback/../x",
            "http://127.0.0.1/callback%2f", "http://127.0.0.1/callback?x", "http://127.0.0.1/callback#x", "//evil.example/callback", "javascript:alert(1)", "",
        })
        {
            using var answer = await fleet.Gateway.GetAsync($"/connect/authorize?client_id=argosy&response_type=code&code_challenge={new string('a', 43)}&code_challenge_method=S256&redirect_uri={Uri.EscapeDataString(uri)}");
            (answer.StatusCode, answer.Headers.Location).ShouldBe((HttpStatusCode.BadRequest, null), uri);
        }
    }

    [Fact]
    public async Task Case34_a_hundred_guesses_at_once_are_not_a_hundred_guesses()
    {
        var email = await PersonAsync();

        var answers = await Task.WhenAll(Enumerable.Range(0, 100).Select(i => TryAsync(email, $"guess number {i}")));

        // Whoever was let in to guess, whatever else was said to the others.
        answers.Count(answer => answer.StatusCode == HttpStatusCode.Unauthorized).ShouldBeLessThanOrEqualTo(10);
        answers.ShouldAllBe(answer => answer.StatusCode == HttpStatusCode.Unauthorized || answer.StatusCode == HttpStatusCode.TooManyRequests || answer.StatusCode == HttpStatusCode.ServiceUnavailable);
        using var right = await TryAsync(email, Password);
        right.StatusCode.ShouldBe(HttpStatusCode.TooManyRequests, "the right one has to wait as well");
    }

    [Fact]
    public async Task Case34_one_password_tried_at_many_addresses_gets_few_tries_from_one_caller()
    {
        var people = new List<string>();
        for (var i = 0; i < 20; i++)
        {
            people.Add(await PersonAsync());
        }

        // From an address whose quota nobody else needs. No address is guessed at twice, so nothing but the caller is counted.
        using var sprayer = Elsewhere.At("127.0.0.34", fleet.AddressOf("gateway"));
        var answers = await Task.WhenAll(people.Select(email => Busy.DecidedAsync(() => sprayer.PostAsJsonAsync("/api/v1/auth/login", new { email, password = "correct horse battery staple" }))));

        answers.Count(answer => answer.StatusCode == HttpStatusCode.Unauthorized).ShouldBeInRange(1, 12);
        answers.Where(answer => answer.StatusCode != HttpStatusCode.Unauthorized).ShouldAllBe(answer => answer.StatusCode == HttpStatusCode.TooManyRequests && answer.Headers.RetryAfter != null);
        using var owner = await TryAsync(people[0], Password);
        owner.StatusCode.ShouldBe(HttpStatusCode.OK, "the people themselves do not notice");
    }

    [Fact]
    public async Task Case35_an_address_with_an_account_and_one_without_are_told_alike_and_take_as_long()
    {
        const int Pairs = 12;
        var (there, not) = (new List<TimeSpan>(), new List<TimeSpan>());
        for (var i = 0; i < Pairs; i++)
        {
            var (email, nobody) = (await PersonAsync(), $"{Guid.NewGuid():N}@example.com");
            var (one, tookOne) = await TimedAsync(email);
            var (other, tookOther) = await TimedAsync(nobody);
            one.ShouldBe(other);
            there.Add(tookOne);
            not.Add(tookOther);
        }

        // Without the hash that belongs to nobody it would be fifty times as fast.
        (Median(there) / Median(not)).ShouldBeInRange(1 / 3.0, 3, $"{string.Join(' ', there)} / {string.Join(' ', not)}");
    }

    private static double Median(List<TimeSpan> times) => times.Order().ElementAt(times.Count / 2).TotalMilliseconds;

    private async Task<(string Said, TimeSpan Took)> TimedAsync(string email)
    {
        var began = Stopwatch.GetTimestamp();
        using var answer = await TryAsync(email, "not the password");
        var took = Stopwatch.GetElapsedTime(began);
        var problem = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!.AsObject();
        problem.Remove("traceId");
        return ($"{answer.StatusCode} {answer.Headers.WwwAuthenticate} {problem.ToJsonString()}", took);
    }

    private async Task<string> PersonAsync()
    {
        var email = $"person-{Guid.NewGuid():N}@example.com";
        using var registered = await fleet.Gateway.PostAsJsonAsync("/api/v1/auth/register", new { email, password = Password, name = "Person" });
        registered.EnsureSuccessStatusCode();
        return email;
    }

    private Task<HttpResponseMessage> TryAsync(string email, string password) => fleet.Gateway.PostAsJsonAsync("/api/v1/auth/login", new { email, password });

    private async Task<JsonElement> LoginAsync(string email)
    {
        using var answer = await TryAsync(email, Password);
        answer.EnsureSuccessStatusCode();
        return await answer.Content.ReadFromJsonAsync<JsonElement>();
    }

    private async Task<HttpResponseMessage> RefreshAsync(string token)
    {
        using var form = new FormUrlEncodedContent([KeyValuePair.Create("grant_type", "refresh_token"), KeyValuePair.Create("refresh_token", token)]);
        return await fleet.Gateway.PostAsync("/connect/token", form);
    }
}

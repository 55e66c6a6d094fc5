using System.Diagnostics;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Argosy.Contracts.Auth.V1;
using Argosy.Testing;
using Shouldly;
using Xunit;

namespace Argosy.Auth.Tests;

/// <summary>Registering and logging in, over HTTP against the real process.</summary>
[Collection(nameof(AuthProcess))]
public sealed class AccountApiTests(AuthProcess process)
{
    private readonly Front _front = process.Front;

    [Fact]
    public async Task Registering_makes_an_account_and_announces_it()
    {
        var email = Front.NewEmail();
        using var answer = await _front.RegisterAsync(new { email = $" {email.ToUpperInvariant()} ", password = Front.Password, name = " Ada Lovelace " });

        answer.StatusCode.ShouldBe(HttpStatusCode.Created);
        var id = (await Front.JsonAsync(answer)).GetProperty("userId").GetString()!;
        answer.Headers.Location!.ToString().ShouldBe($"/api/v1/users/{id}");
        Guid.Parse(id).Version.ShouldBe(7);
        var registered = await _front.Bench.Bus.HearAsync<UserRegistered>(m => m.UserId == id);
        registered.ShouldBe(new UserRegistered { UserId = id, Email = email, Name = "Ada Lovelace" });
    }

    [Fact]
    public async Task Logins_that_succeed_that_fail_and_that_have_to_wait_are_in_the_audit_trail()
    {
        await using var front = await Front.OpenAsync();       // its minute has places for few
        var (email, id) = await front.PersonAsync();
        await front.TokensAsync(email);
        for (var i = 0; i < 8; i++)
        {
            (await front.LoginAsync(email, "wrong")).Dispose();
        }

        var token = await front.AdminAsync();
        await Eventually.HoldsAsync(async () =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/admin/audit") { Headers = { Authorization = new("Bearer", token) } };
            using var answer = await front.Http.SendAsync(request);
            var lines = (await Front.JsonAsync(answer)).GetProperty("items").EnumerateArray()
                .Select(line => $"{line.GetProperty("action")} {line.GetProperty("actor")} {line.GetProperty("outcome")}").ToList();
            var subject = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(email)));
            return lines.Contains($"login.succeed {id} done") && lines.Contains($"login.fail {subject} refused") && lines.Contains($"login.block {subject} refused");
        }, "they are written down", TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task An_address_has_one_account_whatever_its_case_and_however_many_ask_at_once()
    {
        var email = Front.NewEmail();
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(i =>
            Front.DecidedAsync(() => _front.RegisterAsync(new { email = i % 2 == 0 ? email : email.ToUpperInvariant(), password = Front.Password, name = "Twin" }))));

        answers.Count(a => a.StatusCode == HttpStatusCode.Created).ShouldBe(1);
        answers.Count(a => a.StatusCode == HttpStatusCode.Conflict).ShouldBe(7);
        var problem = await Front.JsonAsync(answers.First(a => a.StatusCode == HttpStatusCode.Conflict));
        problem.GetProperty("type").GetString().ShouldBe("urn:argosy:problem:auth.email-taken");
    }

    public static TheoryData<string, string> Refusals => new()
    {
        { """{"email":"nobody","password":"a long walk","name":"N"}""", "email" },
        { """{"email":"a@b","password":"a long walk","name":"N"}""", "email" },
        { """{"email":"a b@example.org","password":"a long walk","name":"N"}""", "email" },
        { """{"email":"a@example.org\r\nBcc: b@example.org","password":"a long walk","name":"N"}""", "email" },
        { """{"email":"a@example.org","password":"short","name":"N"}""", "password" },
        { """{"email":"a@example.org","password":"Password123","name":"N"}""", "password" },
        { """{"email":"a@example.org","password":"zzzzzzzzzzzz","name":"N"}""", "password" },
        { """{"email":"averylongname@example.org","password":"averylongname","name":"N"}""", "password" },
        { """{"email":"a@example.org","password":"a long walk","name":" "}""", "name" },
        { """{"email":"a@example.org","password":"a long walk","name":"a\u0000b"}""", "name" },
        { """{"email":"a@example.org","password":"a long walk","name":"N","role":"admin"}""", "role" },
        { """{"email":"a@example.org","email":"b@example.org","password":"a long walk","name":"N"}""", "email" },
        { """{"email":"a@example.org","password":"a long walk"}""", "name" },
        { """{"email":["a@example.org"],"password":"a long walk","name":"N"}""", "email" },
    };

    [Theory]
    [MemberData(nameof(Refusals))]
    public async Task What_cannot_be_registered_is_told_member_by_member(string body, string member)
    {
        using var content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");
        using var answer = await _front.Http.PostAsync("/api/v1/auth/register", content);

        answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await Front.JsonAsync(answer)).GetProperty("errors").TryGetProperty(member, out _).ShouldBeTrue();
    }

    [Fact]
    public async Task Two_strangers_with_one_idempotency_key_both_get_an_account_and_a_repeat_is_told_that_there_is_one()
    {
        var (one, other) = (new { email = Front.NewEmail(), password = Front.Password, name = "One" }, new { email = Front.NewEmail(), password = Front.Password, name = "Other" });
        var key = Guid.NewGuid().ToString();

        (await _front.RegisterAsync(one, key)).StatusCode.ShouldBe(HttpStatusCode.Created);
        (await _front.RegisterAsync(other, key)).StatusCode.ShouldBe(HttpStatusCode.Created);
        (await _front.RegisterAsync(one, key)).StatusCode.ShouldBe(HttpStatusCode.Conflict);
    }

    [Fact]
    public async Task Logging_in_gives_an_access_token_in_the_profile_of_rfc_9068()
    {
        var (email, id) = await _front.PersonAsync();
        var before = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        using var answer = await _front.LoginAsync(email.ToUpperInvariant(), Front.Password);

        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        answer.Headers.CacheControl!.NoStore.ShouldBeTrue();
        var tokens = await Tokens.OfAsync(answer);
        tokens.Header.EnumerateObject().Select(p => p.Name).ShouldBe(["alg", "kid", "typ"], ignoreOrder: true);
        tokens.Header.GetProperty("alg").GetString().ShouldBe("RS256");
        tokens.Header.GetProperty("typ").GetString().ShouldBe("at+jwt");
        var claims = tokens.Claims;
        claims.EnumerateObject().Select(p => p.Name).ShouldBe(
            ["iss", "aud", "sub", "client_id", "iat", "nbf", "exp", "jti", "sid", "auth_time", "scope", "roles"], ignoreOrder: true);
        claims.GetProperty("iss").GetString().ShouldBe(TestIssuer.Name);
        claims.GetProperty("aud").GetString().ShouldBe("argosy");
        claims.GetProperty("sub").GetString().ShouldBe(id);
        claims.GetProperty("roles").EnumerateArray().Select(r => r.GetString()).ShouldBe(["customer"]);
        claims.GetProperty("iat").GetInt64().ShouldBeInRange(before, before + 30);
        (claims.GetProperty("exp").GetInt64() - claims.GetProperty("iat").GetInt64()).ShouldBe(600);
        (await _front.AdminStatusAsync(tokens.Access)).ShouldBe(HttpStatusCode.Forbidden);
    }

    [Fact]
    public async Task A_wrong_password_and_an_unknown_address_get_the_same_answer_in_about_the_same_time()
    {
        var (email, _) = await _front.PersonAsync();

        (await AnswerAsync(email)).ShouldBe(await AnswerAsync(Front.NewEmail()));

        // Four of each, below the number that begins to wait. Without the hash for nobody, the unknown ones would take a fiftieth.
        var known = await MedianAsync(() => email);
        var unknown = await MedianAsync(Front.NewEmail);
        (unknown / known).ShouldBeInRange(0.4, 2.5);
    }

    [Fact]
    public async Task The_administrator_of_the_first_start_logs_in_with_the_password_from_the_file()
    {
        var password = (await File.ReadAllTextAsync(_front.AdminPasswordFile)).Trim();
        password.Length.ShouldBe(32);
        var tokens = await _front.TokensAsync("admin@argosy.local", password);

        tokens.Claims.GetProperty("roles").EnumerateArray().Select(r => r.GetString()).ShouldBe(["admin"]);
        (await _front.AdminStatusAsync(tokens.Access)).ShouldBe(HttpStatusCode.OK);
        (await _front.Bench.Bus.HearAsync<UserRegistered>(m => m.Email == "admin@argosy.local")).UserId
            .ShouldBe(tokens.Claims.GetProperty("sub").GetString());
    }

    [Fact]
    public async Task Nothing_secret_is_logged()
    {
        var (email, _) = await _front.PersonAsync();
        var tokens = await _front.TokensAsync(email);
        const string Canary = "canary-in-a-coal-mine";
        (await _front.LoginAsync(email, Canary)).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        (await _front.RegisterAsync(new { email = "broken", password = Canary, name = Canary })).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await _front.RefreshAsync(tokens.Refresh)).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await _front.RefreshAsync(tokens.Refresh)).StatusCode.ShouldBe(HttpStatusCode.BadRequest);

        string[] secrets = [Canary, Front.Password, tokens.Access, tokens.Refresh, email];
        _front.Bench.Process.Output.Where(line => secrets.Any(s => line.Contains(s, StringComparison.OrdinalIgnoreCase))).ShouldBeEmpty();
    }

    private async Task<(HttpStatusCode Status, string Headers, string Body)> AnswerAsync(string email)
    {
        using var answer = await _front.LoginAsync(email, "wrong and long enough");
        var body = (await Front.JsonAsync(answer)).EnumerateObject().Where(p => p.Name != "traceId").Select(p => p.ToString());
        return (answer.StatusCode, string.Join('\n', answer.Headers.Select(h => h.Key).Order(StringComparer.Ordinal)), string.Join('\n', body));
    }

    private async Task<double> MedianAsync(Func<string> email)
    {
        var times = new List<double>();
        for (var i = 0; i < 4; i++)
        {
            var start = Stopwatch.GetTimestamp();
            (await _front.LoginAsync(email(), "wrong and long enough")).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
            times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }

        return times.Order().Skip(1).First();
    }
}

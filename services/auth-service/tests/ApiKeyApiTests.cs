using System.Buffers.Text;
using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Argosy.Chassis.Hosting.Identity;
using Argosy.Contracts.User.V1;
using Argosy.Testing;
using Shouldly;
using Xunit;

namespace Argosy.Auth.Tests;

/// <summary>API keys from making to revoking, over HTTP against the real process.</summary>
[Collection(nameof(AuthProcess))]
public sealed class ApiKeyApiTests(AuthProcess process)
{
    private const string Path = "/api/v1/auth/api-keys";
    private readonly Front _front = process.Front;

    [Fact]
    public async Task A_key_is_told_once_and_listed_by_its_prefix()
    {
        var (_, access) = await PersonAsync();

        using var answer = await MakeAsync(access, new { name = "  warehouse robot ", password = Front.Password, scope = "api.read", expiresInDays = 7 });
        answer.StatusCode.ShouldBe(HttpStatusCode.Created);
        answer.Headers.CacheControl!.NoStore.ShouldBeTrue();
        var made = await Front.JsonAsync(answer);

        var text = made.GetProperty("key").GetString()!;
        Regex.IsMatch(text, "^argosy_[a-z0-9]{8}_[A-Za-z0-9_-]{43}$").ShouldBeTrue();
        var listed = (await ListAsync(access)).ShouldHaveSingleItem();
        listed.EnumerateObject().Select(member => member.Name).ShouldBe(["id", "prefix", "name", "scope", "created", "expires"]);
        listed.GetProperty("id").GetString().ShouldBe(made.GetProperty("id").GetString());
        listed.GetProperty("prefix").GetString().ShouldBe(text[7..15]);
        listed.GetProperty("name").GetString().ShouldBe("warehouse robot");
        listed.GetProperty("scope").GetString().ShouldBe("api.read");
        (listed.GetProperty("expires").GetDateTimeOffset() - listed.GetProperty("created").GetDateTimeOffset()).ShouldBe(TimeSpan.FromDays(7));
    }

    [Fact]
    public async Task A_key_gives_a_token_of_its_owner_that_names_the_key()
    {
        var (id, access) = await PersonAsync();
        var made = await MadeAsync(access);

        using var answer = await ExchangeAsync(made.Text);

        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        answer.Headers.CacheControl!.NoStore.ShouldBeTrue();
        var body = await Front.JsonAsync(answer);
        body.GetProperty("expires_in").GetInt64().ShouldBe(600);
        var claims = ClaimsOf(body.GetProperty("access_token").GetString()!);
        claims.GetProperty("sub").GetString().ShouldBe(id);
        claims.GetProperty("client_id").GetString().ShouldBe($"key:{made.Text[7..15]}");
        claims.GetProperty("sid").GetString().ShouldBe(made.Id);
        claims.GetProperty("scope").GetString().ShouldBe("api");
        claims.GetProperty("roles").EnumerateArray().Select(role => role.GetString()).ShouldBe(["customer"]);
        claims.TryGetProperty("auth_time", out _).ShouldBeFalse("nobody has logged in");
    }

    [Fact]
    public async Task An_administrator_s_key_is_a_customer_s()
    {
        var admin = await _front.AdminAsync();
        var made = await MadeAsync(admin, (await File.ReadAllTextAsync(_front.AdminPasswordFile)).Trim());
        var token = await TokenAsync(made.Text);

        (await _front.AdminStatusAsync(admin)).ShouldBe(HttpStatusCode.OK);
        (await _front.AdminStatusAsync(token)).ShouldBe(HttpStatusCode.Forbidden);
        (await RevokeAsync(admin, made.Id)).ShouldBe(HttpStatusCode.NoContent);
    }

    [Fact]
    public async Task What_is_no_key_gives_no_token()
    {
        var (_, access) = await PersonAsync();
        var text = (await MadeAsync(access)).Text;
        var other = (await MadeAsync(access)).Text;

        foreach (var wrong in new[] { "", "x", text[..^1], $"{text}=", text.ToUpperInvariant(), $"{text[..16]}{other[16..]}", $"{other[..16]}{text[16..]}", ApiKey.New().Text, text.Replace('_', '-') })
        {
            using var answer = await ExchangeAsync(wrong);
            answer.StatusCode.ShouldBe(wrong.Length == 0 ? HttpStatusCode.BadRequest : HttpStatusCode.Unauthorized, wrong);
            answer.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
            answer.Headers.WwwAuthenticate.Count.ShouldBe(wrong.Length == 0 ? 0 : 1);
        }
    }

    [Fact]
    public async Task A_revoked_key_gives_no_token_and_the_one_that_it_gave_is_refused_where_ended_sessions_are()
    {
        var (_, access) = await PersonAsync();
        var made = await MadeAsync(access);
        var token = await TokenAsync(made.Text);
        (await StatusAsync(token)).ShouldBe(HttpStatusCode.OK);

        (await RevokeAsync(access, made.Id)).ShouldBe(HttpStatusCode.NoContent);

        using var refused = await ExchangeAsync(made.Text);
        refused.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        (await StatusAsync(token)).ShouldBe(HttpStatusCode.Unauthorized);
        (await ListAsync(access)).ShouldBeEmpty();
        (await RevokeAsync(access, made.Id)).ShouldBe(HttpStatusCode.NotFound, "it has ended");
    }

    [Fact]
    public async Task Nobody_sees_or_revokes_somebody_else_s_key()
    {
        var (_, mine) = await PersonAsync();
        var theirs = await MadeAsync((await PersonAsync()).Access);

        (await RevokeAsync(mine, theirs.Id)).ShouldBe(HttpStatusCode.NotFound);

        (await ListAsync(mine)).ShouldBeEmpty();
        (await TokenAsync(theirs.Text)).ShouldNotBeEmpty();
    }

    [Fact]
    public async Task A_key_neither_makes_keys_nor_takes_any_away_nor_locks_its_owner_out()
    {
        var (_, access) = await PersonAsync();
        var made = await MadeAsync(access);
        var token = await TokenAsync(made.Text);

        using var more = await MakeAsync(token, new { name = "another", password = Front.Password });
        using var password = await _front.BearerAsync("/api/v1/auth/password", token, HttpMethod.Post, new { oldPassword = Front.Password, newPassword = "an even longer walk" });
        using var logout = await _front.BearerAsync("/api/v1/auth/sessions/any", token, HttpMethod.Delete);

        more.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await more.Content.ReadAsStringAsync()).ShouldContain("api-key.not-by-key");
        (await RevokeAsync(token, made.Id)).ShouldBe(HttpStatusCode.Forbidden);
        password.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        logout.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await ListAsync(token)).ShouldHaveSingleItem();
    }

    [Fact]
    public async Task A_key_takes_the_password_and_guessing_at_it_is_delayed_like_every_guess()
    {
        var (_, access) = await PersonAsync();

        using var none = await MakeAsync(access, new { name = "robot" });
        none.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        using var wrong = await MakeAsync(access, new { name = "robot", password = "a guess" });
        wrong.StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity, "and not 401: the token is good");
        (await wrong.Content.ReadAsStringAsync()).ShouldContain("api-key.password");
        await Eventually.HoldsAsync(async () =>
        {
            using var next = await MakeAsync(access, new { name = "robot", password = "a guess" });
            return next.StatusCode == HttpStatusCode.TooManyRequests;
        }, "guesses have to wait", TimeSpan.FromMinutes(1));
        (await ListAsync(access)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Of_many_at_once_twenty_keys_are_made_and_a_revoked_one_makes_room()
    {
        var (_, access) = await PersonAsync();

        var answers = await Task.WhenAll(Enumerable.Range(0, 30).Select(i => Front.DecidedAsync(() => MakeAsync(access, new { name = $"key {i}", password = Front.Password }))));

        answers.Count(answer => answer.StatusCode == HttpStatusCode.Created).ShouldBe(20);
        answers.Where(answer => answer.StatusCode != HttpStatusCode.Created).ShouldAllBe(answer => answer.StatusCode == HttpStatusCode.Conflict);
        var keys = await ListAsync(access);
        keys.Count.ShouldBe(20);
        (await RevokeAsync(access, keys[0].GetProperty("id").GetString()!)).ShouldBe(HttpStatusCode.NoContent);
        using var next = await Front.DecidedAsync(() => MakeAsync(access, new { name = "one more", password = Front.Password }));
        next.StatusCode.ShouldBe(HttpStatusCode.Created);
    }

    [Theory]
    [InlineData("""{"password":"a long walk on the shore","name":""}""", "name")]
    [InlineData("""{"password":"a long walk on the shore","name":"x","scope":"admin"}""", "scope")]
    [InlineData("""{"password":"a long walk on the shore","name":"x","scope":"api openid"}""", "scope")]
    [InlineData("""{"password":"a long walk on the shore","name":"x","expiresInDays":0}""", "expiresInDays")]
    [InlineData("""{"password":"a long walk on the shore","name":"x","expiresInDays":366}""", "expiresInDays")]
    public async Task What_a_key_cannot_be_is_told(string body, string member)
    {
        var (_, access) = await PersonAsync();

        using var answer = await MakeAsync(access, JsonSerializer.Deserialize<JsonElement>(body));

        answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await Front.JsonAsync(answer)).GetProperty("errors").TryGetProperty(member, out _).ShouldBeTrue();
    }

    [Fact]
    public async Task A_new_password_leaves_the_keys_alone()
    {
        var (email, _) = await _front.PersonAsync();
        var access = (await _front.TokensAsync(email)).Access;
        var made = await MadeAsync(access);

        using var changed = await _front.BearerAsync("/api/v1/auth/password", access, HttpMethod.Post, new { oldPassword = Front.Password, newPassword = "an even longer walk on the shore" });

        changed.StatusCode.ShouldBe(HttpStatusCode.NoContent);
        (await TokenAsync(made.Text)).ShouldNotBeEmpty();
    }

    [Fact]
    public async Task An_erased_person_s_keys_are_gone()
    {
        var (id, access) = await PersonAsync();
        var made = await MadeAsync(access);

        await _front.Bench.SendAsync("user-service", new UserErased { UserId = id });

        using var answer = await ExchangeAsync(made.Text);
        answer.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task Making_and_revoking_are_in_the_audit_trail_and_the_key_is_not()
    {
        var (id, access) = await PersonAsync();
        var made = await MadeAsync(access);
        await RevokeAsync(access, made.Id);

        var trail = await TrailAsync(entry => entry.GetProperty("target").GetString() == made.Id);

        trail.Select(entry => (entry.GetProperty("actor").GetString(), entry.GetProperty("action").GetString(), entry.GetProperty("detail").GetString()))
            .ShouldBe([(id, "api-key.create", $"{made.Text[7..15]} api"), (id, "api-key.revoke", "")]);
        var secret = made.Text[16..];
        _front.Bench.Process.Output.ShouldAllBe(line => !line.Contains(secret, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_key_ends_by_itself_and_its_token_with_it()
    {
        var (_, access) = await PersonAsync();
        var made = await MadeAsync(access);

        await _front.Bench.ExecuteAsync($"update api_keys set expires = {TimeProvider.System.GetUtcNow().AddMinutes(5).ToUnixTimeMilliseconds()} where id = '{made.Id}'");
        using var last = await ExchangeAsync(made.Text);
        (await Front.JsonAsync(last)).GetProperty("expires_in").GetInt64().ShouldBeInRange(200, 300);
        await _front.Bench.ExecuteAsync($"update api_keys set expires = {TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds()} where id = '{made.Id}'");
        using var none = await ExchangeAsync(made.Text);

        none.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        (await ListAsync(access)).ShouldBeEmpty();
        (await RevokeAsync(access, made.Id)).ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_token_for_reading_reads_and_does_nothing_else()
    {
        var (_, access) = await PersonAsync();
        using var answer = await MakeAsync(access, new { name = "reader", password = Front.Password, scope = "api.read" });
        var token = await TokenAsync((await Front.JsonAsync(answer)).GetProperty("key").GetString()!);

        (await StatusAsync(token)).ShouldBe(HttpStatusCode.OK);
        using var write = await MakeAsync(token, new { name = "another", password = Front.Password });
        write.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        write.Headers.WwwAuthenticate.ToString().ShouldBe("""Bearer realm="argosy", error="insufficient_scope", scope="api" """.TrimEnd());
        (await write.Content.ReadAsStringAsync()).ShouldContain("for reading only");
    }

    private async Task<(string Id, string Access)> PersonAsync()
    {
        var (email, id) = await _front.PersonAsync();
        return (id, (await _front.TokensAsync(email)).Access);
    }

    private Task<HttpResponseMessage> MakeAsync(string access, object body) => _front.BearerAsync(Path, access, HttpMethod.Post, body);

    private async Task<(string Id, string Text)> MadeAsync(string access, string password = Front.Password)
    {
        using var answer = await MakeAsync(access, new { name = "robot", password });
        answer.StatusCode.ShouldBe(HttpStatusCode.Created, await answer.Content.ReadAsStringAsync());
        var made = await Front.JsonAsync(answer);
        return (made.GetProperty("id").GetString()!, made.GetProperty("key").GetString()!);
    }

    private async Task<IReadOnlyList<JsonElement>> ListAsync(string access) => [.. (await _front.BearerJsonAsync(Path, access)).GetProperty("items").EnumerateArray()];

    private async Task<HttpStatusCode> RevokeAsync(string access, string id)
    {
        using var answer = await _front.BearerAsync($"{Path}/{id}", access, HttpMethod.Delete);
        return answer.StatusCode;
    }

    private async Task<HttpStatusCode> StatusAsync(string access)
    {
        using var answer = await _front.BearerAsync(Path, access);
        return answer.StatusCode;
    }

    private async Task<IReadOnlyList<JsonElement>> TrailAsync(Func<JsonElement, bool> wanted)
    {
        var admin = await _front.AdminAsync();
        var found = new List<JsonElement>();
        for (var after = 0L; ;)
        {
            var page = (await _front.BearerJsonAsync($"/admin/audit?after={after}", admin)).GetProperty("items");
            if (page.GetArrayLength() == 0)
            {
                return found;
            }

            found.AddRange(page.EnumerateArray().Where(wanted));
            after = page.EnumerateArray().Last().GetProperty("id").GetInt64();
        }
    }

    private Task<HttpResponseMessage> ExchangeAsync(string text) => _front.FormAsync(ApiKey.TokenPath, ("key", text));

    private async Task<string> TokenAsync(string text)
    {
        using var answer = await ExchangeAsync(text);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        return (await Front.JsonAsync(answer)).GetProperty("access_token").GetString()!;
    }

    private static JsonElement ClaimsOf(string token) => JsonDocument.Parse(Base64Url.DecodeFromChars(token.Split('.')[1])).RootElement;
}

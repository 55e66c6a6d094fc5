using System.Net;
using System.Text.Json;
using Shouldly;
using Xunit;

namespace Argosy.Auth.Tests;

/// <summary>What people do with their own account, over HTTP against the real process.</summary>
[Collection(nameof(AuthProcess))]
public sealed class OwnAccountTests(AuthProcess process)
{
    private const string Next = "an even longer walk on the shore";
    private readonly Front _front = process.Front;

    [Fact]
    public async Task People_see_where_they_are_logged_in_and_can_end_it()
    {
        var (email, _) = await _front.PersonAsync();
        var phone = await _front.TokensAsync(email);
        var laptop = await _front.TokensAsync(email);

        var list = await ListAsync(laptop);
        list.Select(Id).ShouldBe([phone.Session, laptop.Session], ignoreOrder: true);
        list.Single(session => session.GetProperty("current").GetBoolean()).GetProperty("id").GetString().ShouldBe(laptop.Session);
        (await EndAsync(laptop, phone.Session)).ShouldBe(HttpStatusCode.NoContent);

        (await ListAsync(laptop)).Select(Id).ShouldBe([laptop.Session]);
        (await _front.RefreshAsync(phone.Refresh)).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await EndAsync(laptop, phone.Session)).ShouldBe(HttpStatusCode.NotFound, "it has ended");
    }

    [Fact]
    public async Task Nobody_ends_somebody_elses_session_or_learns_that_there_is_one()
    {
        var mine = await _front.TokensAsync((await _front.PersonAsync()).Email);
        var theirs = await _front.TokensAsync((await _front.PersonAsync()).Email);

        using var real = await _front.BearerAsync($"/api/v1/auth/sessions/{theirs.Session}", mine.Access, HttpMethod.Delete);
        using var absent = await _front.BearerAsync("/api/v1/auth/sessions/no-such-session", mine.Access, HttpMethod.Delete);

        (real.StatusCode, absent.StatusCode).ShouldBe((HttpStatusCode.NotFound, HttpStatusCode.NotFound));
        (await Front.JsonAsync(real)).GetProperty("detail").GetString().ShouldBe((await Front.JsonAsync(absent)).GetProperty("detail").GetString());
        (await _front.RefreshAsync(theirs.Refresh)).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_new_password_needs_the_old_one_and_ends_every_other_session()
    {
        var (email, _) = await _front.PersonAsync();
        var other = await _front.TokensAsync(email);
        var here = await _front.TokensAsync(email);

        (await ChangeAsync(here, "not the password", Next)).ShouldBe(HttpStatusCode.UnprocessableEntity);
        (await ChangeAsync(here, Front.Password, "password")).ShouldBe(HttpStatusCode.BadRequest);
        (await _front.LoginAsync(email, Front.Password)).StatusCode.ShouldBe(HttpStatusCode.OK, "nothing has changed so far");
        (await ChangeAsync(here, Front.Password, Next)).ShouldBe(HttpStatusCode.NoContent);

        (await _front.LoginAsync(email, Front.Password)).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        (await _front.LoginAsync(email, Next)).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await _front.RefreshAsync(other.Refresh)).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await _front.RefreshAsync(here.Refresh)).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_new_password_ends_more_sessions_than_a_list_shows()
    {
        var (email, id) = await _front.PersonAsync();
        var here = await _front.TokensAsync(email);
        var (now, then) = (TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds(), TimeProvider.System.GetUtcNow().AddDays(1).ToUnixTimeMilliseconds());
        await _front.Bench.ExecuteAsync($"""
            with recursive n(i) as (select 1 union all select i + 1 from n where i < 150)
            insert into sessions (id, account, authenticated, expires) select '{id}-' || i, '{id}', {now}, {then} from n
            """);

        (await ChangeAsync(here, Front.Password, Next)).ShouldBe(HttpStatusCode.NoContent);

        (await ListAsync(here)).Select(Id).ShouldBe([here.Session]);
    }

    [Fact]
    public async Task A_code_that_the_old_password_got_is_worth_nothing_under_the_new_one()
    {
        var (email, _) = await _front.PersonAsync();
        var here = await _front.TokensAsync(email);
        var flow = new CodeFlow(_front.Http);
        var code = await flow.CodeAsync(email);

        (await ChangeAsync(here, Front.Password, Next)).ShouldBe(HttpStatusCode.NoContent);

        (await flow.RedeemAsync(code)).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task Guessing_at_the_old_password_is_delayed_like_every_guess()
    {
        var (email, _) = await _front.PersonAsync();
        var tokens = await _front.TokensAsync(email);
        for (var i = 0; i < 6; i++)
        {
            (await ChangeAsync(tokens, $"guess {i}", Next)).ShouldBe(HttpStatusCode.UnprocessableEntity);
        }

        (await ChangeAsync(tokens, Front.Password, Next)).ShouldBe(HttpStatusCode.TooManyRequests);
        (await _front.LoginAsync(email, Front.Password)).StatusCode.ShouldBe(HttpStatusCode.TooManyRequests, "one counter for all");
    }

    private async Task<HttpStatusCode> ChangeAsync(Tokens tokens, string oldPassword, string newPassword)
    {
        using var answer = await _front.BearerAsync("/api/v1/auth/password", tokens.Access, HttpMethod.Post, new { oldPassword, newPassword });
        return answer.StatusCode;
    }

    private async Task<HttpStatusCode> EndAsync(Tokens tokens, string session)
    {
        using var answer = await _front.BearerAsync($"/api/v1/auth/sessions/{session}", tokens.Access, HttpMethod.Delete);
        return answer.StatusCode;
    }

    private async Task<IReadOnlyList<JsonElement>> ListAsync(Tokens tokens) =>
        [.. (await _front.BearerJsonAsync("/api/v1/auth/sessions", tokens.Access)).GetProperty("items").EnumerateArray()];

    private static string Id(JsonElement session) => session.GetProperty("id").GetString()!;
}

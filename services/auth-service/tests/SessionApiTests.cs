using System.Net;
using Argosy.Contracts.User.V1;
using Shouldly;
using Xunit;

namespace Argosy.Auth.Tests;

/// <summary>Refreshing and revoking, over HTTP against the real process.</summary>
[Collection(nameof(AuthProcess))]
public sealed class SessionApiTests(AuthProcess process)
{
    private readonly Front _front = process.Front;

    [Fact]
    public async Task A_refresh_token_gives_new_tokens_of_the_same_session()
    {
        var (email, id) = await _front.PersonAsync();
        var first = await _front.TokensAsync(email);

        using var answer = await _front.RefreshAsync(first.Refresh);

        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        answer.Headers.CacheControl!.NoStore.ShouldBeTrue();
        var second = await Tokens.OfAsync(answer);
        second.Refresh.ShouldNotBe(first.Refresh);
        second.Session.ShouldBe(first.Session);
        second.Claims.GetProperty("sub").GetString().ShouldBe(id);
        second.Claims.GetProperty("auth_time").GetInt64().ShouldBe(first.Claims.GetProperty("auth_time").GetInt64());
        second.Claims.GetProperty("jti").GetString().ShouldNotBe(first.Claims.GetProperty("jti").GetString());
        (await _front.RefreshAsync(second.Refresh)).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_refresh_token_used_twice_ends_its_session_and_no_other()
    {
        var (email, _) = await _front.PersonAsync();
        var stolen = await _front.TokensAsync(email);
        var other = await _front.TokensAsync(email);
        var next = await Tokens.OfAsync(await _front.RefreshAsync(stolen.Refresh));

        await ShouldBeErrorAsync(await _front.RefreshAsync(stolen.Refresh), "invalid_grant");

        await ShouldBeErrorAsync(await _front.RefreshAsync(next.Refresh), "invalid_grant");
        (await _front.RefreshAsync(other.Refresh)).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Of_fifty_uses_at_once_one_succeeds_and_the_session_is_over()
    {
        var (email, _) = await _front.PersonAsync();
        var tokens = await _front.TokensAsync(email);

        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => _front.RefreshAsync(tokens.Refresh)));

        var winner = answers.Where(a => a.StatusCode == HttpStatusCode.OK).ShouldHaveSingleItem();
        answers.Where(a => a != winner).ShouldAllBe(a => a.StatusCode == HttpStatusCode.BadRequest);
        await ShouldBeErrorAsync(await _front.RefreshAsync((await Tokens.OfAsync(winner)).Refresh), "invalid_grant");
    }

    [Fact]
    public async Task Revoking_ends_the_session_and_repeats_change_nothing()
    {
        var (email, _) = await _front.PersonAsync();
        var tokens = await _front.TokensAsync(email);

        for (var i = 0; i < 2; i++)
        {
            (await _front.FormAsync("/connect/revocation", ("token", tokens.Refresh), ("token_type_hint", "refresh_token"))).StatusCode.ShouldBe(HttpStatusCode.OK);
        }

        await ShouldBeErrorAsync(await _front.RefreshAsync(tokens.Refresh), "invalid_grant");
    }

    [Fact]
    public async Task Revoking_what_is_no_token_succeeds_and_an_access_token_takes_its_session_along()
    {
        var (email, _) = await _front.PersonAsync();
        var tokens = await _front.TokensAsync(email);

        (await _front.FormAsync("/connect/revocation", ("token", "unknown"))).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await _front.FormAsync("/connect/revocation", ("token", tokens.Access))).StatusCode.ShouldBe(HttpStatusCode.OK);
        await ShouldBeErrorAsync(await _front.FormAsync("/connect/revocation"), "invalid_request");
        await ShouldBeErrorAsync(await _front.RefreshAsync(tokens.Refresh), "invalid_grant");
        (await _front.BearerAsync("/api/v1/auth/sessions", tokens.Access)).StatusCode.ShouldBe(HttpStatusCode.Unauthorized, "at once, and not in ten minutes");
    }

    [Fact]
    public async Task Whoever_was_erased_cannot_log_in_or_refresh_and_their_address_is_free_again()
    {
        var (email, id) = await _front.PersonAsync();
        var tokens = await _front.TokensAsync(email);

        await _front.Bench.SendAsync("user-service", new UserErased { UserId = id });

        (await _front.LoginAsync(email, Front.Password)).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        await ShouldBeErrorAsync(await _front.RefreshAsync(tokens.Refresh), "invalid_grant");
        using var again = await _front.RegisterAsync(new { email, password = Front.Password, name = "Another" });
        again.StatusCode.ShouldBe(HttpStatusCode.Created);
        (await Front.JsonAsync(again)).GetProperty("userId").GetString().ShouldNotBe(id);
    }

    [Fact]
    public async Task An_administrator_is_not_closed_by_a_slip()
    {
        var password = (await File.ReadAllTextAsync(_front.AdminPasswordFile)).Trim();
        var admin = await _front.TokensAsync("admin@argosy.local", password);

        await _front.Bench.SendAsync("user-service", new UserErased { UserId = admin.Claims.GetProperty("sub").GetString()! });

        (await _front.LoginAsync("admin@argosy.local", password)).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    public static TheoryData<string, HttpStatusCode, string> Errors => new()
    {
        { "", HttpStatusCode.BadRequest, "invalid_request" },
        { "grant_type=", HttpStatusCode.BadRequest, "invalid_request" },
        { "grant_type=refresh_token", HttpStatusCode.BadRequest, "invalid_request" },
        { "grant_type=refresh_token&refresh_token=nothing", HttpStatusCode.BadRequest, "invalid_grant" },
        { "grant_type=refresh_token&grant_type=refresh_token&refresh_token=x", HttpStatusCode.BadRequest, "invalid_request" },
        { "grant_type=refresh_token&refresh_token=x&scope=admin", HttpStatusCode.BadRequest, "invalid_scope" },
        { "grant_type=refresh_token&refresh_token=x&client_id=other", HttpStatusCode.BadRequest, "invalid_client" },
        { "grant_type=refresh_token&refresh_token=x&client_secret=s", HttpStatusCode.BadRequest, "invalid_client" },
        { "grant_type=password&username=a&password=b", HttpStatusCode.BadRequest, "unsupported_grant_type" },
        { "grant_type=authorization_code&code=x", HttpStatusCode.BadRequest, "invalid_request" },
        { "grant_type=client_credentials", HttpStatusCode.BadRequest, "unauthorized_client" },
        { "a=1&b=2&c=3&d=4&e=5&f=6&g=7&h=8&i=9&j=10&k=11&l=12&m=13&n=14&o=15&p=16&q=17&r=18&s=19&t=20&u=21&v=22&w=23&x=24&y=25", HttpStatusCode.BadRequest, "invalid_request" },
    };

    [Theory]
    [MemberData(nameof(Errors))]
    public async Task Errors_are_those_of_rfc_6749(string form, HttpStatusCode status, string error)
    {
        using var content = new StringContent(form, System.Text.Encoding.UTF8, "application/x-www-form-urlencoded");
        using var answer = await _front.Http.PostAsync("/connect/token", content);

        await ShouldBeErrorAsync(answer, error, status);
    }

    [Fact]
    public async Task Tokens_are_asked_for_with_a_form_and_without_client_credentials()
    {
        using var json = new StringContent("""{"grant_type":"refresh_token"}""", System.Text.Encoding.UTF8, "application/json");
        await ShouldBeErrorAsync(await _front.Http.PostAsync("/connect/token", json), "invalid_request");

        using var form = new FormUrlEncodedContent([KeyValuePair.Create("grant_type", "refresh_token"), KeyValuePair.Create("refresh_token", "x")]);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/connect/token") { Content = form };
        request.Headers.Authorization = new("Basic", "YTpi");
        using var answer = await _front.Http.SendAsync(request);
        await ShouldBeErrorAsync(answer, "invalid_client", HttpStatusCode.Unauthorized);
        answer.Headers.WwwAuthenticate.ShouldHaveSingleItem().Scheme.ShouldBe("Basic");
    }

    private static async Task ShouldBeErrorAsync(HttpResponseMessage answer, string error, HttpStatusCode status = HttpStatusCode.BadRequest)
    {
        answer.StatusCode.ShouldBe(status);
        answer.Headers.CacheControl!.NoStore.ShouldBeTrue();
        var json = await Front.JsonAsync(answer);
        json.GetProperty("error").GetString().ShouldBe(error);
        json.GetProperty("error_description").GetString().ShouldNotBeNullOrEmpty();
    }
}

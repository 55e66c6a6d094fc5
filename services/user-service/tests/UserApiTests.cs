using System.Net;
using System.Text.Json;
using Argosy.Contracts.Auth.V1;
using Argosy.Contracts.User.V1;
using Argosy.Testing;
using Shouldly;
using Xunit;

namespace Argosy.Users.Tests;

/// <summary>Profiles over HTTP against the real process.</summary>
public sealed class UserApiTests(UserProcess process) : IClassFixture<UserProcess>
{
    private readonly ServiceBench _bench = process.Bench;

    [Fact]
    public async Task A_new_account_has_a_profile_without_addresses()
    {
        var (id, http) = await _bench.PersonAsync("Ada Lovelace");

        using var answer = await http.GetAsync(Visits.Mine);

        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        answer.Headers.ETag!.Tag.ShouldBe("\"1\"");
        var profile = JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement;
        profile.EnumerateObject().Select(p => p.Name).ShouldBe(["id", "email", "name", "addresses", "preferences", "createdAt", "updatedAt"]);
        profile.GetProperty("id").GetString().ShouldBe(id);
        profile.GetProperty("email").GetString().ShouldBe($"{id}@example.org");
        profile.GetProperty("name").GetString().ShouldBe("Ada Lovelace");
        profile.GetProperty("addresses").GetArrayLength().ShouldBe(0);
    }

    [Fact]
    public async Task Of_several_addresses_one_is_the_default_and_orders_find_it()
    {
        var (_, http) = await _bench.PersonAsync();

        (await http.ChangeAsync(new { addresses = new[] { Visits.Address("First"), Visits.Address("Second") } })).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await http.ReadAsync()).GetProperty("defaultAddress").GetProperty("street").GetString().ShouldBe("First");

        (await http.ChangeAsync(new { addresses = new[] { Visits.Address("First"), Visits.Address("Second", isDefault: true) } })).StatusCode.ShouldBe(HttpStatusCode.OK);
        var profile = await http.ReadAsync();
        profile.GetProperty("defaultAddress").GetProperty("street").GetString().ShouldBe("Second");
        profile.GetProperty("addresses").EnumerateArray().Select(a => a.GetProperty("isDefault").GetBoolean()).ShouldBe([false, true]);

        (await http.ChangeAsync(new { addresses = Array.Empty<object>() })).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await http.ReadAsync()).TryGetProperty("defaultAddress", out _).ShouldBeFalse();
    }

    [Fact]
    public async Task An_API_key_reads_its_owner_s_profile_and_neither_changes_nor_erases_it()
    {
        var (id, http) = await _bench.PersonAsync("Ada");
        http.DefaultRequestHeaders.Authorization = new("Bearer", _bench.Issuer.TokenFor(id, client: "key:abcdefgh"));

        (await http.ReadAsync()).GetProperty("name").GetString().ShouldBe("Ada");
        await (await http.ChangeAsync(new { name = "Eve" })).ShouldBeProblemAsync(HttpStatusCode.Forbidden, "api-key.not-by-key");
        await (await http.DeleteAsync(Visits.Mine)).ShouldBeProblemAsync(HttpStatusCode.Forbidden, "api-key.not-by-key");

        (await http.ReadAsync()).GetProperty("name").GetString().ShouldBe("Ada");
    }

    [Fact]
    public async Task Erasing_takes_a_login_of_the_last_minutes()
    {
        var (id, http) = await _bench.PersonAsync("Ada");
        http.DefaultRequestHeaders.Authorization = new("Bearer", _bench.Issuer.TokenFor(id, loggedIn: TimeSpan.FromMinutes(6)));

        using var refused = await http.DeleteAsync(Visits.Mine);

        await refused.ShouldBeProblemAsync(HttpStatusCode.Unauthorized, "identity.login-too-old");
        refused.Headers.WwwAuthenticate.ToString().ShouldContain("error=\"insufficient_user_authentication\"");
        refused.Headers.WwwAuthenticate.ToString().ShouldEndWith("max_age=\"300\"");
        (await http.ChangeAsync(new { name = "Augusta" })).StatusCode.ShouldBe(HttpStatusCode.OK);
        http.DefaultRequestHeaders.Authorization = new("Bearer", _bench.Issuer.TokenFor(id, loggedIn: TimeSpan.FromMinutes(4)));
        (await http.DeleteAsync(Visits.Mine)).StatusCode.ShouldBe(HttpStatusCode.NoContent);
    }

    [Fact]
    public async Task Whose_session_has_ended_changes_and_erases_nothing_more()
    {
        var (id, http) = await _bench.PersonAsync();
        await _bench.SendAsync("auth-service", new SessionRevoked { SessionId = $"session-of-{id}", UserId = id });

        (await http.ChangeAsync(new { name = "Eve" })).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        (await http.DeleteAsync(Visits.Mine)).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);

        (await http.ReadAsync()).GetProperty("name").GetString().ShouldBe("Ada", "reads go on until the token has expired");
    }

    [Fact]
    public async Task What_a_change_does_not_name_stays()
    {
        var (_, http) = await _bench.PersonAsync("Ada");
        await http.ChangeAsync(new { addresses = new[] { Visits.Address("First") }, preferences = new { language = "fr" } });

        await http.ChangeAsync(new { name = " Augusta Ada " });

        var profile = await http.ReadAsync();
        profile.GetProperty("name").GetString().ShouldBe("Augusta Ada");
        profile.GetProperty("addresses").GetArrayLength().ShouldBe(1);
        profile.GetProperty("preferences").GetProperty("language").GetString().ShouldBe("fr");
    }

    [Fact]
    public async Task A_change_needs_the_version_that_was_read()
    {
        var (_, http) = await _bench.PersonAsync();

        await (await http.ChangeAsync(new { name = "Ada" }, version: null)).ShouldBeProblemAsync(HttpStatusCode.PreconditionRequired, "version.required");
        await (await http.ChangeAsync(new { name = "Bea" }, "\"7\"")).ShouldBeProblemAsync(HttpStatusCode.PreconditionFailed, "version.changed");
        using var changed = await http.ChangeAsync(new { name = "Bea" }, "\"1\"");
        changed.StatusCode.ShouldBe(HttpStatusCode.OK);
        changed.Headers.ETag!.Tag.ShouldBe("\"2\"");
        await (await http.ChangeAsync(new { name = "Cleo" }, "\"1\"")).ShouldBeProblemAsync(HttpStatusCode.PreconditionFailed, "version.changed");

        // Nothing changed, so whoever read version 2 may still write.
        (await http.ChangeAsync(new { name = "Bea" }, "\"2\"")).Headers.ETag!.Tag.ShouldBe("\"2\"");
    }

    [Fact]
    public async Task Of_twenty_changes_to_one_version_one_succeeds()
    {
        var (_, http) = await _bench.PersonAsync();

        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => http.ChangeAsync(new { name = $"Ada {i}" }, "\"1\"")));

        answers.Count(a => a.StatusCode == HttpStatusCode.OK).ShouldBe(1);
        answers.Count(a => a.StatusCode == HttpStatusCode.PreconditionFailed).ShouldBe(19);
    }

    public static TheoryData<string, string> Refusals => new()
    {
        { """{"name":""}""", "name" },
        { """{"name":"a\u0007b"}""", "name" },
        { """{"email":"other@example.org"}""", "email" },
        { """{"id":"other"}""", "id" },
        { """{"version":7}""", "version" },
        { """{"preferences":{"language":"FR"}}""", "preferences.language" },
        { """{"preferences":{"role":"admin"}}""", "preferences.role" },
        { """{"addresses":[null]}""", "addresses[0]" },
        { """{"addresses":[{"name":"A","street":"S","city":"C","postalCode":"1","country":"XX"}]}""", "addresses[0].country" },
        { """{"addresses":[{"name":"A","street":"S","city":"C","postalCode":"1","country":"gb"}]}""", "addresses[0].country" },
        { """{"addresses":[{"name":"A","street":"S","city":"C","postalCode":"1","country":"GBR"}]}""", "addresses[0].country" },
        { """{"addresses":[{"name":"A","street":" ","city":"C","postalCode":"1","country":"GB"}]}""", "addresses[0].street" },
        { """{"addresses":[{"name":"A","street":"S","city":"C","country":"GB"}]}""", "addresses[0].postalCode" },
        {
            """
            {"addresses":[{"name":"A","street":"S","city":"C","postalCode":"1","country":"GB","isDefault":true},
                          {"name":"B","street":"S","city":"C","postalCode":"1","country":"GB","isDefault":true}]}
            """,
            "addresses"
        },
    };

    [Theory]
    [MemberData(nameof(Refusals))]
    public async Task What_cannot_be_kept_is_told_member_by_member(string body, string member)
    {
        var (_, http) = await _bench.PersonAsync();
        using var answer = await http.ChangeAsync(JsonDocument.Parse(body).RootElement);

        answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement.GetProperty("errors").TryGetProperty(member, out _).ShouldBeTrue();
        (await http.GetAsync(Visits.Mine)).Headers.ETag!.Tag.ShouldBe("\"1\"");
    }

    [Fact]
    public async Task Twenty_addresses_are_enough()
    {
        var (_, http) = await _bench.PersonAsync();
        var many = Enumerable.Range(0, 21).Select(i => Visits.Address($"Street {i}")).ToList();

        (await http.ChangeAsync(new { addresses = many })).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await http.ChangeAsync(new { addresses = many.Take(20) })).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Anothers_profile_does_not_exist_except_for_an_administrator()
    {
        var (id, http) = await _bench.PersonAsync("Ada");
        var (_, other) = await _bench.PersonAsync("Eve");
        var path = $"/api/v1/users/{id}";

        (await http.ReadAsync(path)).GetProperty("name").GetString().ShouldBe("Ada");
        (await _bench.AsAdmin().ReadAsync(path)).GetProperty("name").GetString().ShouldBe("Ada");
        (await _bench.Anonymous.GetAsync(path)).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        using var foreign = await other.GetAsync(path);
        using var unknown = await other.GetAsync($"/api/v1/users/{Guid.NewGuid()}");
        await foreign.ShouldBeProblemAsync(HttpStatusCode.NotFound, "user.unknown");
        await unknown.ShouldBeProblemAsync(HttpStatusCode.NotFound, "user.unknown");
        (await other.DeleteAsync(path)).StatusCode.ShouldBe(HttpStatusCode.MethodNotAllowed);
    }

    [Fact]
    public async Task Who_comes_before_their_profile_waits_for_it()
    {
        var id = Guid.CreateVersion7().ToString();
        var early = _bench.As(id).GetAsync(Visits.Mine);
        await _bench.SendAsync("auth-service", new UserRegistered { UserId = id, Email = "early@example.org", Name = "Early" });

        (await early).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Who_waits_in_vain_is_told_to_come_again()
    {
        using var answer = await _bench.As(Guid.CreateVersion7().ToString()).GetAsync(Visits.Mine);

        await answer.ShouldBeProblemAsync(HttpStatusCode.NotFound, "user.not-yet");
        answer.Headers.RetryAfter!.Delta.ShouldBe(TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task Erasing_leaves_nothing_but_the_id_and_nobody_comes_back()
    {
        var (id, http) = await _bench.PersonAsync();
        await http.ChangeAsync(new { addresses = new[] { Visits.Address("Secret Street") } });

        (await http.DeleteAsync(Visits.Mine)).StatusCode.ShouldBe(HttpStatusCode.NoContent);

        await (await http.GetAsync(Visits.Mine)).ShouldBeProblemAsync(HttpStatusCode.NotFound, "user.unknown");
        await (await http.DeleteAsync(Visits.Mine)).ShouldBeProblemAsync(HttpStatusCode.NotFound, "user.unknown");
        await (await _bench.AsAdmin().GetAsync($"/api/v1/users/{id}")).ShouldBeProblemAsync(HttpStatusCode.NotFound, "user.unknown");

        // The message that made the profile, as a new one: not a repeat that the inbox would notice.
        await _bench.SendAsync("auth-service", new UserRegistered { UserId = id, Email = "again@example.org", Name = "Again" });
        await (await http.GetAsync(Visits.Mine)).ShouldBeProblemAsync(HttpStatusCode.NotFound, "user.unknown");
    }

    [Fact]
    public async Task A_message_that_comes_twice_makes_one_profile_and_keeps_what_was_changed()
    {
        var (id, http) = await _bench.PersonAsync("Ada");
        await http.ChangeAsync(new { name = "Augusta" });

        await _bench.SendAsync("auth-service", new UserRegistered { UserId = id, Email = "other@example.org", Name = "Ada" });

        (await http.ReadAsync()).GetProperty("name").GetString().ShouldBe("Augusta");
    }
}

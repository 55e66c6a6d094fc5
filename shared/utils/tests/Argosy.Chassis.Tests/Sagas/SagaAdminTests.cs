using System.Net;
using System.Net.Http.Json;
using System.Security.Claims;
using System.Text.Json;
using Argosy.Chassis.Hosting.Admin;
using Argosy.Chassis.Hosting.Identity;
using Argosy.Chassis.Sagas;
using Argosy.Chassis.Store;
using Argosy.Chassis.Tests.Identity;
using Argosy.Chassis.Tests.Store;
using Argosy.Contracts.Inventory.V1;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Sagas;

/// <summary><c>/admin/sagas</c> over HTTP, on a saga that is stuck.</summary>
public abstract class SagaAdminTests<TEngine> : IAsyncLifetime
    where TEngine : IEngine
{
    private readonly Saga<CheckoutState> _saga = Checkout.Saga();
    private SagaOwner _owner = null!;
    private WebApplication _app = null!;
    private HttpClient _client = null!;

    public async ValueTask InitializeAsync()
    {
        _owner = await SagaOwner.OpenAsync<TEngine>(_saga);
        await _owner.StartAsync(_saga, "o1");
        await _owner.ReachDeadlinesAsync(Checkout.Patience);
        await _owner.ReachDeadlinesAsync(Checkout.Patience);

        var builder = Kestrel.Builder();
        builder.Services.AddSingleton(_owner.Store).AddSingleton(_owner.Router).AddScoped(_ => _owner.Work());
        _app = builder.Build();
        _app.Use((http, next) =>
        {
            http.User = new ClaimsPrincipal(new CallerIdentity(new Caller("ada", IsAdmin: true, "", new HashSet<string>()), "test"));
            return next(http);
        });
        _app.MapGroup("/admin").MapSagas();
        await _app.StartAsync();
        _client = new HttpClient { BaseAddress = Kestrel.Address(_app) };
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _app.DisposeAsync();
        await _owner.DisposeAsync();
    }

    [Fact]
    public async Task The_list_shows_what_has_not_ended_with_every_step()
    {
        var saga = (await ItemsAsync("/admin/sagas")).ShouldHaveSingleItem();
        saga.GetProperty("id").GetString().ShouldBe("checkout/o1");
        saga.GetProperty("type").GetString().ShouldBe("checkout");
        saga.GetProperty("state").GetString().ShouldBe("stuck");
        saga.GetProperty("step").GetString().ShouldBe("reserve stock");
        saga.GetProperty("steps").EnumerateArray().Select(step => step.GetProperty("state").GetString()).ShouldBe(["doubtful", "overdue"]);
        (await ItemsAsync("/admin/sagas?state=stuck")).Count.ShouldBe(1);
        (await ItemsAsync("/admin/sagas?state=running")).ShouldBeEmpty();
        (await _client.GetAsync("/admin/sagas?state=lost")).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task One_saga_is_found_by_its_id()
    {
        var saga = await _client.GetFromJsonAsync<JsonElement>("/admin/sagas/checkout/o1");
        saga.GetProperty("reason").GetString().ShouldBe("reserve stock: no answer within 30 s");
        (await _client.GetAsync("/admin/sagas/checkout/o2")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_retry_without_a_word_sends_the_undo_again()
    {
        (await _client.PostAsync("/admin/sagas/checkout/o1/retry", null)).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        (await _owner.SentAsync("o1"))[^1].Headers.SagaStep.ShouldBe("1/undo/2");
        await _owner.AnswerAsync("o1", new StockReleased { OrderId = "o1" });
        (await ItemsAsync("/admin/sagas?state=compensated")).Count.ShouldBe(1);
    }

    [Theory]
    [InlineData("skip")]
    [InlineData("force")]
    public async Task What_an_operator_ends_is_compensated_and_audited_with_their_note(string action)
    {
        (await _client.PostAsJsonAsync($"/admin/sagas/checkout/o1/{action}", new { note = "counted by hand" })).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        (await _owner.ViewAsync("checkout/o1")).State.ShouldBe("compensated");
        var audit = (await _owner.Store.QueryAsync<string>("select actor || ' ' || action || ' ' || detail from sys_audit")).ShouldHaveSingleItem();
        audit.ShouldStartWith($"ada saga.{action} ");
        audit.ShouldEndWith("counted by hand");

        (await _client.PostAsJsonAsync($"/admin/sagas/checkout/o1/{action}", new { note = "once more" })).StatusCode.ShouldBe(HttpStatusCode.Conflict);
    }

    [Theory]
    [InlineData("skip")]
    [InlineData("force")]
    public async Task Whoever_answers_for_a_participant_says_why(string action)
    {
        (await _client.PostAsync($"/admin/sagas/checkout/o1/{action}", null)).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await _client.PostAsJsonAsync($"/admin/sagas/checkout/o1/{action}", new { note = " " })).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await _client.PostAsJsonAsync($"/admin/sagas/checkout/o1/{action}", new { note = "why", end = "lost" })).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await _owner.ViewAsync("checkout/o1")).State.ShouldBe("stuck");
    }

    [Fact]
    public async Task What_has_moved_since_it_was_looked_at_is_left_alone()
    {
        var seen = (await _owner.ViewAsync("checkout/o1")).Version;
        (await _client.PostAsJsonAsync("/admin/sagas/checkout/o1/retry", new { version = seen })).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        var late = await _client.PostAsJsonAsync("/admin/sagas/checkout/o1/retry", new { version = seen });
        late.StatusCode.ShouldBe(HttpStatusCode.Conflict);
        (await late.Content.ReadAsStringAsync()).ShouldContain("saga.version");
        (await _owner.SentAsync("o1")).Count(sent => sent.Headers.SagaStep?.StartsWith("1/undo/", StringComparison.Ordinal) == true).ShouldBe(2);
    }

    [Fact]
    public async Task What_it_did_is_told_move_by_move_with_who_helped()
    {
        await _client.PostAsync("/admin/sagas/checkout/o1/retry", null);
        var saga = await _client.GetFromJsonAsync<JsonElement>("/admin/sagas/checkout/o1");
        saga.GetProperty("history").EnumerateArray().Select(moment => moment.GetProperty("what").GetString()).ShouldBe(
        [
            "reserve stock, do waiting",
            "reserve stock, do doubtful: no answer within 30 s; reserve stock, undo waiting",
            "reserve stock, undo overdue: no answer within 30 s",
            "retry by ada: reserve stock, undo waiting (attempt 2)",
        ]);
        saga.GetProperty("steps")[1].GetProperty("command").GetString().ShouldBe("argosy.inventory.v1.ReleaseStock");
    }

    [Fact]
    public async Task What_was_never_done_cannot_stand()
    {
        var refused = await _client.PostAsJsonAsync("/admin/sagas/checkout/o1/force", new { note = "it is there", end = "completed" });
        refused.StatusCode.ShouldBe(HttpStatusCode.Conflict);
        (await refused.Content.ReadAsStringAsync()).ShouldContain("was never done");
    }

    [Fact]
    public async Task What_cannot_be_helped_is_refused()
    {
        (await _client.PostAsync("/admin/sagas/checkout/o2/retry", null)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await _client.PostAsync("/admin/sagas/return/o1/retry", null)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await _client.PostAsync("/admin/sagas/checkout/o1/forget", null)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await _client.PostAsJsonAsync("/admin/sagas/checkout/o1/skip", new { note = new string('x', 501) })).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await _owner.ViewAsync("checkout/o1")).State.ShouldBe("stuck");
    }

    private async Task<IReadOnlyList<JsonElement>> ItemsAsync(string path) =>
        [.. (await _client.GetFromJsonAsync<JsonElement>(path)).GetProperty("items").EnumerateArray()];
}

public sealed class SagaAdminOnSqlite : SagaAdminTests<OnSqlite>;

[Trait("on", "servers")]
public sealed class SagaAdminOnPostgres : SagaAdminTests<OnPostgres>;

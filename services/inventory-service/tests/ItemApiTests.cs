using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Argosy.Contracts.Inventory.V1;
using Argosy.Testing;
using Shouldly;
using Xunit;

namespace Argosy.Inventory.Tests;

/// <summary>The real process over HTTP; all tests share it, each has items of its own.</summary>
public sealed class ItemApiTests(InventoryProcess process) : IClassFixture<InventoryProcess>
{
    private readonly ServiceBench _bench = process.Bench;

    [Fact]
    public async Task Only_administrators_change_items_and_see_what_is_reserved()
    {
        (await PutAsync(_bench.Anonymous, "MUG-10", "Mug", 500, 3)).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        (await PutAsync(_bench.As("customer-1"), "MUG-10", "Mug", 500, 3)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);

        var created = await PutAsync(_bench.AsAdmin(), "MUG-10", "Mug", 500, 3);

        created.StatusCode.ShouldBe(HttpStatusCode.Created);
        created.Headers.Location!.ToString().ShouldBe("/api/v1/items/MUG-10");
        (await JsonAsync(_bench.Anonymous, "/api/v1/items/MUG-10")).GetRawText().ShouldBe(
            """{"sku":"MUG-10","name":"Mug","price":{"amount":500,"currency":"EUR"},"available":3}""");
        (await JsonAsync(_bench.AsAdmin(), "/api/v1/items/MUG-10")).GetRawText().ShouldBe(
            """{"sku":"MUG-10","name":"Mug","price":{"amount":500,"currency":"EUR"},"available":3,"reserved":0,"sold":0}""");
        (await _bench.Bus.HearAsync<ItemPriced>(message => message.Sku == "MUG-10")).Price.Amount.ShouldBe(500);
    }

    [Fact]
    public async Task A_change_needs_the_version_that_was_read()
    {
        var admin = _bench.AsAdmin();
        (await PutAsync(admin, "MUG-210", "Mug", 500, 3)).Headers.ETag!.Tag.ShouldBe("\"1\"");

        (await PutAsync(admin, "MUG-210", "Mug", 600, 3)).StatusCode.ShouldBe(HttpStatusCode.PreconditionRequired);
        (await PutAsync(admin, "MUG-210", "Mug", 600, 3, "\"7\"")).StatusCode.ShouldBe(HttpStatusCode.PreconditionFailed);
        (await PutAsync(admin, "MUG-21", "Mug", 600, 3, "\"1\"")).StatusCode.ShouldBe(HttpStatusCode.PreconditionFailed);

        var changed = await PutAsync(admin, "MUG-210", "Mug", 600, 3, "\"1\"");
        changed.StatusCode.ShouldBe(HttpStatusCode.OK);
        changed.Headers.ETag!.Tag.ShouldBe("\"2\"");
        (await PutAsync(admin, "MUG-210", "Mug", 700, 3, "\"1\"")).StatusCode.ShouldBe(HttpStatusCode.PreconditionFailed);
        (await PutAsync(admin, "MUG-210", "Mug", 700, 3, "*")).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_price_is_announced_when_it_or_the_name_changes_and_only_then()
    {
        var admin = _bench.AsAdmin();
        await PutAsync(admin, "MUG-30", "Mug", 500, 3);
        await PutAsync(admin, "MUG-30", "Mug", 500, 30, "*");
        await PutAsync(admin, "MUG-30", "Blue mug", 500, 30, "*");
        await PutAsync(admin, "MUG-30", "Blue mug", 550, 30, "*");

        await _bench.Bus.HearAsync<ItemPriced>(message => message.Sku == "MUG-30" && message.Price.Amount == 550);
        _bench.Bus.All<ItemPriced>().Where(message => message.Sku == "MUG-30").Select(message => (message.Name, message.Price.Amount))
            .ShouldBe([("Mug", 500L), ("Blue mug", 500L), ("Blue mug", 550L)]);
    }

    [Theory]
    [InlineData("MUG 1", "Mug", 500, "EUR", 3, "sku")]
    [InlineData("-MUG", "Mug", 500, "EUR", 3, "sku")]
    [InlineData("MUG-1", "", 500, "EUR", 3, "name")]
    [InlineData("MUG-1", "Mug\nBcc: x", 500, "EUR", 3, "name")]
    [InlineData("MUG-1", "Mug", 0, "EUR", 3, "price.amount")]
    [InlineData("MUG-1", "Mug", 100_000_000, "EUR", 3, "price.amount")]
    [InlineData("MUG-1", "Mug", 500, "XXX", 3, "price.currency")]
    [InlineData("MUG-1", "Mug", 500, "EUR", -1, "stock")]
    [InlineData("MUG-1", "Mug", 500, "EUR", 1_000_001, "stock")]
    public async Task An_item_that_could_not_be_sold_is_refused_by_its_member(string sku, string name, long amount, string currency, long stock, string member)
    {
        var answer = await PutAsync(_bench.AsAdmin(), sku, name, amount, stock, currency: currency);

        answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        var problem = await answer.Content.ReadFromJsonAsync<JsonElement>();
        problem.GetProperty("errors").EnumerateObject().ShouldHaveSingleItem().Name.ShouldBe(member);
    }

    [Fact]
    public async Task Nobody_finds_an_item_that_does_not_exist() =>
        (await _bench.Anonymous.GetAsync("/api/v1/items/nope")).StatusCode.ShouldBe(HttpStatusCode.NotFound);

    internal static Task<HttpResponseMessage> PutAsync(HttpClient caller, string sku, string name, long amount, long stock, string? ifMatch = null, string currency = "EUR")
    {
        var request = new HttpRequestMessage(HttpMethod.Put, $"/api/v1/items/{Uri.EscapeDataString(sku)}") { Content = JsonContent.Create(new { name, price = new { amount, currency }, stock }) };
        if (ifMatch is not null)
        {
            request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
        }

        return caller.SendAsync(request);
    }

    internal static async Task<JsonElement> JsonAsync(HttpClient caller, string path) => await caller.GetFromJsonAsync<JsonElement>(path);
}

/// <summary>One running inventory-service for a class of tests.</summary>
public sealed class InventoryProcess : IAsyncLifetime
{
    public ServiceBench Bench { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Bench = await ServiceBench.StartAsync("inventory-service", "InventoryService");

    public ValueTask DisposeAsync() => Bench.DisposeAsync();
}

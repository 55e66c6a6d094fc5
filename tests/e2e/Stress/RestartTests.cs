using System.Net.Http.Json;
using Argosy.Testing;
using Shouldly;
using Xunit;

namespace Argosy.E2E.Stress;

/// <summary>Processes that end and begin while others ask them.</summary>
public sealed class RestartTests(Fleet fleet)
{
    private static readonly TimeSpan Within = TimeSpan.FromMinutes(5);      // seven starts at once, while everybody asks

    // Less than the gateway's patience with a service that does not answer (10 s).
    private static readonly TimeSpan Prompt = TimeSpan.FromSeconds(5);

    [Fact]
    [Trait("on", "stress")]
    public async Task While_the_only_instance_restarts_everybody_is_told_at_once_to_come_back()
    {
        var customer = await fleet.CustomerAsync();
        var asker = Asker.Start(
            ("items", () => fleet.Gateway.GetAsync("/api/v1/items")),
            ("me", () => customer.GetAsync("/api/v1/users/me")));
        await Eventually.HoldsAsync(() => asker.Told.Count > 10, "they are answered");

        await RestartAsync("inventory-service");

        await Eventually.HoldsAsync(async () => (await fleet.Gateway.GetAsync("/api/v1/items")).IsSuccessStatusCode, "items are back", Within);
        var told = await asker.StopAsync();
        told.Where(one => one.What == "items").ShouldAllBe(one => one.Status == 200 || (one.Status == 503 && one.RetryAfter != null && one.Took < Prompt));
        told.ShouldContain(one => one.What == "items" && one.Status == 503, "it was away");
        told.Where(one => one.What == "me").ShouldAllBe(one => one.Status == 200);
    }

    [Fact]
    [Trait("on", "stress")]
    public async Task A_rolling_restart_of_every_service_under_load_costs_no_request()
    {
        var customer = await fleet.CustomerAsync();
        var sku = await fleet.ItemAsync(stock: 100_000);
        var order = await customer.PlacedAsync(Orders.Body(sku));
        await customer.BecomesAsync(order, "confirmed");
        var asker = Asker.Start(
            ("items", () => fleet.Gateway.GetAsync("/api/v1/items")),
            ("me", () => customer.GetAsync("/api/v1/users/me")),
            ("order", () => customer.GetAsync($"/api/v1/orders/{order}")),
            ("payments", () => customer.GetAsync($"/api/v1/payments?orderId={order}")),
            ("shipments", () => customer.GetAsync($"/api/v1/shipments?orderId={order}")),
            ("notifications", () => customer.GetAsync("/api/v1/notifications")),
            ("keys", () => fleet.Gateway.GetAsync("/.well-known/jwks.json")),
            ("placing", () => customer.PlaceAsync(Orders.Body(sku))),
            ("placing too", () => customer.PlaceAsync(Orders.Body(sku))));

        // First one instance of each, then the other: there is always one of each that serves.
        var services = fleet.Services.Where(name => name is not ("gateway" or "payment-provider") && fleet.InstancesOf(name).Count() == 2).ToList();
        services.Count.ShouldBe(7);
        await Task.WhenAll(services.Select(RestartAsync));
        await Task.WhenAll(services.Select(service => RestartAsync(fleet.InstancesOf(service).Last())));

        var told = await asker.StopAsync();
        told.Count(one => one.What == "placing").ShouldBeGreaterThan(20);
        told.Where(one => one.Status is not (200 or 202)).ShouldBeEmpty();
        await customer.BecomesAsync(await customer.PlacedAsync(Orders.Body(sku)), "confirmed");
    }

    [Fact]
    [Trait("on", "stress")]
    public async Task Processes_may_start_in_any_order()
    {
        var seed = Random.Shared.Next();
        TestContext.Current.TestOutputHelper!.WriteLine($"seed {seed}");
        await using var twin = await Twin.PrepareAsync(fleet);
        var order = twin.Names.ToArray();
        new Random(seed).Shuffle(order);

        // Each is alive before the next one is even begun: it waits for what it needs, and does not end.
        foreach (var name in order)
        {
            await twin.StartAsync(name);
        }

        await twin.ReadyAsync(Within);
        using var gateway = twin.Client("gateway");
        using var registered = await gateway.PostAsJsonAsync("/api/v1/auth/register", new { email = "early@example.com", password = "correct horse battery staple", name = "Early" });
        ((int)registered.StatusCode).ShouldBe(201, await registered.Content.ReadAsStringAsync());
    }

    private async Task RestartAsync(string name)
    {
        var restarted = await Launcher.ArgosyAsync(Within, "restart", name, "--data", fleet.Data);
        restarted.ExitCode.ShouldBe(0, restarted.ToString());
    }
}

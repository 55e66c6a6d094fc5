using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Argosy.Testing;
using Shouldly;
using Xunit;

namespace Argosy.E2E;

/// <summary>What the launcher of a whole fleet says of it.</summary>
[Trait("on", "embedded")]
public sealed partial class LauncherTests(Fleet fleet)
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Who_waited_and_the_launcher_s_own_log_give_one_figure_for_the_start()
    {
        var shown = ReadyIn().Match(fleet.Screen).Value;
        var logged = ReadyIn().Match(await File.ReadAllTextAsync(Path.Combine(fleet.Data, "logs", "argosy.log"))).Value;

        logged.ShouldBe(shown);
        double.Parse(shown.Split(' ')[2], CultureInfo.InvariantCulture).ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task Status_of_all_lists_the_fleet_with_its_door_and_its_folder()
    {
        var gateway = fleet.Gateway.BaseAddress!.ToString().TrimEnd('/');
        await Eventually.HoldsAsync(
            async () => (await Launcher.ArgosyAsync(Soon, "status", "--all")).Output.Split('\n').Any(
                line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [var door, "9", "of", "9", _, var folder] && door == gateway && folder == fleet.Data),
            "the fleet is listed, with all of its processes ready", TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task Logs_with_an_order_s_id_tell_what_every_process_did_for_it()
    {
        var customer = await fleet.CustomerAsync();
        var id = await customer.PlacedAsync(Orders.Body(await fleet.ItemAsync(stock: 5)));
        await customer.BecomesAsync(id, "confirmed");

        var found = await Launcher.ArgosyAsync(Soon, "logs", "--grep", id, "--json", "--data", fleet.Data);

        var lines = found.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        lines.ShouldAllBe(line => line.Contains(id, StringComparison.Ordinal));
        var services = lines.Select(line => JsonSerializer.Deserialize<JsonElement>(line).GetProperty("service").GetString());
        new[] { "inventory-service", "order-service", "payment-service", "shipping-service" }.ShouldBeSubsetOf(services, found.ToString());
    }

    [GeneratedRegex(@"Ready in \d+\.\d s\.", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex ReadyIn();
}

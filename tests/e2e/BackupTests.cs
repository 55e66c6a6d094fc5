using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Argosy.Testing;
using Shouldly;
using Xunit;

namespace Argosy.E2E;

/// <summary>A fleet is backed up while it works, and comes back in another folder with nothing but what it had then.</summary>
[Trait("on", "embedded")]
public sealed class BackupTests : IAsyncLifetime
{
    private const int MostMeanwhile = 50;       // each is waited for and looked at afterwards

    private static readonly TimeSpan Within = TimeSpan.FromSeconds(120);

    private readonly Fleet _first = new();
    private readonly Fleet _second = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("argosy-backup-").FullName;

    public ValueTask InitializeAsync() => _first.InitializeAsync();

    public async ValueTask DisposeAsync()
    {
        await _first.DisposeAsync();
        await _second.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task What_comes_back_is_one_instant_and_reconcile_reports_exactly_what_the_provider_has_beyond_it()
    {
        // 1. Orders, some of them while the backup is taken, some of them behind it.
        using var customer = await _first.CustomerAsync();
        var sku = await _first.ItemAsync(stock: 5_000);
        var orders = new List<string>();
        for (var i = 0; i < 5; i++)
        {
            orders.Add(await customer.PlacedAsync(Orders.Body(sku)));
        }

        await customer.BecomesAsync(orders[0], "confirmed");
        Directory.CreateDirectory(Path.Combine(_first.Data, "engines", "postgresql"));      // it once stood on one, and doesn't any more
        var archive = Path.Combine(_folder, "fleet.tar");
        var backup = ArgosyAsync("backup", archive, "--data", _first.Data);
        for (var meanwhile = 0; meanwhile < MostMeanwhile && !backup.IsCompleted; meanwhile++)
        {
            orders.Add(await customer.PlacedAsync(Orders.Body(sku)));
            await Task.WhenAny(backup, Task.Delay(TimeSpan.FromMilliseconds(100)));
        }

        (await backup).ExitCode.ShouldBe(0, (await backup).ToString());
        (OperatingSystem.IsWindows() ? UnixFileMode.UserRead | UnixFileMode.UserWrite : File.GetUnixFileMode(archive)).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        for (var i = 0; i < 5; i++)
        {
            orders.Add(await customer.PlacedAsync(Orders.Body(sku)));
        }

        using var cancelled = await customer.PostAsJsonAsync($"/api/v1/orders/{orders[0]}/cancel", new { });
        cancelled.EnsureSuccessStatusCode();
        await customer.BecomesAsync(orders[0], "cancelled");
        foreach (var order in orders.Skip(1))
        {
            await customer.BecomesAsync(order, "confirmed");
        }

        var ledger = await LedgerAsync(_first);

        // 2. A backup that is damaged or not whole, and a folder that is in use, are refused.
        await RefusedAsync(archive);
        await Launcher.ArgosyAsync(Within, "down", "--data", _first.Data);

        // 3. It comes back, and goes on.
        var restored = await ArgosyAsync("restore", archive, "--data", _second.Data, "--provider", _first.Data);
        restored.ExitCode.ShouldBe(0, restored.ToString());
        await _second.InitializeAsync();
        var known = await KnownAsync(_second);
        known.Keys.ShouldBeSubsetOf(orders);
        known.Keys.ShouldContain(orders[0]);
        known.Count.ShouldBeLessThan(orders.Count);
        foreach (var order in known.Keys)
        {
            await _second.Admin.BecomesAsync(order, "confirmed");
        }

        // 4. Nobody was charged again, and the difference is what came after the backup: orders that nobody knows, and the refund.
        (await LedgerAsync(_second)).ShouldBe(ledger, ignoreOrder: true);
        var reconciled = await ArgosyAsync("reconcile", "--json", "--wait", "3", "--data", _second.Data);
        reconciled.ExitCode.ShouldBe(1, reconciled.ToString());
        var found = JsonSerializer.Deserialize<JsonElement>(reconciled.Output).EnumerateArray()
            .Select(difference => (About: difference.GetProperty("about").GetString()!, What: difference.GetProperty("what").GetString()!)).ToList();
        found.Select(difference => difference.About).ShouldBe([orders[0], .. orders.Where(order => !known.ContainsKey(order))], ignoreOrder: true, reconciled.ToString());
        found.Where(difference => difference.About != orders[0]).ShouldAllBe(difference => difference.What.StartsWith("nobody knows this order, and the provider has capture", StringComparison.Ordinal));
        found.Single(difference => difference.About == orders[0]).What.ShouldContain("the provider gave back 1000 EUR (minor units), and payment-service knows of 0 EUR");
        (await ArgosyAsync("audit", "verify", "--data", _second.Data)).ExitCode.ShouldBe(0);

        // 5. Every service's audit trail says that it was restored.
        (await ArgosyAsync("audit", "list", "--data", _second.Data)).Output.Split('\n').Count(line => line.Contains("backup.restore", StringComparison.Ordinal)).ShouldBe(Directory.GetFiles(_second.Data, "*-service.db", SearchOption.AllDirectories).Length);
        Directory.GetFiles(_second.Data, "restored.json", SearchOption.AllDirectories).ShouldBeEmpty();
    }

    private async Task RefusedAsync(string archive)
    {
        (await ArgosyAsync("restore", archive, "--data", _first.Data)).Errors.ShouldContain("isn't empty");
        var folder = Path.Combine(_folder, "unpacked");
        Directory.CreateDirectory(folder);
        await System.Formats.Tar.TarFile.ExtractToDirectoryAsync(archive, folder, overwriteFiles: false);
        var manifest = Path.Combine(folder, "manifest.json");
        var right = await File.ReadAllTextAsync(manifest);
        var wrong = JsonNode.Parse(right)!;
        wrong["services"]!.AsArray().Add("../elsewhere");
        await File.WriteAllTextAsync(manifest, wrong.ToJsonString());
        (await ArgosyAsync("restore", folder, "--data", Path.Combine(_folder, "fresh"))).Errors.ShouldContain("its manifest names ../elsewhere, and no database of it");
        await File.WriteAllTextAsync(manifest, right);
        var database = Path.Combine(folder, "services", "order-service", "order-service.db");
        var bytes = await File.ReadAllBytesAsync(database);
        bytes[^1] ^= 1;
        await File.WriteAllBytesAsync(database, bytes);
        var fresh = Path.Combine(_folder, "fresh");
        (await ArgosyAsync("restore", folder, "--data", fresh)).Errors.ShouldContain("the backup is damaged: services/order-service/order-service.db");
        File.Delete(database);
        (await ArgosyAsync("restore", folder, "--data", fresh)).Errors.ShouldContain("the backup isn't whole: services/order-service/order-service.db is missing");
        File.Delete(manifest);
        (await ArgosyAsync("restore", folder, "--data", fresh)).Errors.ShouldContain("no manifest.json");
        Directory.Exists(fresh).ShouldBeFalse();
    }

    private static Task<Ended> ArgosyAsync(params string[] arguments) => Launcher.ArgosyAsync(Within, arguments);

    private static async Task<IReadOnlyList<string>> LedgerAsync(Fleet fleet) =>
        [.. (await fleet.Gateway.GetFromJsonAsync<JsonElement>(new Uri(fleet.AddressOf("payment-provider"), "/ledger"))).GetProperty("entries").EnumerateArray().Select(entry => entry.GetRawText())];

    private static async Task<Dictionary<string, string>> KnownAsync(Fleet fleet)
    {
        var known = new Dictionary<string, string>(StringComparer.Ordinal);
        string? cursor = null;
        do
        {
            var page = await fleet.Admin.GetFromJsonAsync<JsonElement>($"/api/v1/orders?limit=100{(cursor is null ? "" : $"&cursor={cursor}")}");
            foreach (var order in page.GetProperty("items").EnumerateArray())
            {
                known[order.GetProperty("id").GetString()!] = order.GetProperty("status").GetString()!;
            }

            cursor = page.GetProperty("nextCursor").GetString();
        }
        while (cursor is not null);
        return known;
    }
}

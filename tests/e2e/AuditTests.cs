using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using Argosy.Testing;
using Microsoft.Data.Sqlite;
using Shouldly;
using Xunit;

namespace Argosy.E2E;

/// <summary>The audit trail of a fleet, by its own command, and by somebody who writes into a database.</summary>
[Trait("on", "embedded")]
public sealed partial class AuditTests
{
    private static readonly TimeSpan Within = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task What_happened_is_written_down_and_whoever_changes_it_is_found_out()
    {
        var data = Directory.CreateTempSubdirectory("argosy-audit-").FullName;
        (await Launcher.ArgosyAsync(Fleet.StartWithin, "up", "--detach", "--isolated", "--no-build", "--timeout", Fleet.ReadyWithin, "--data", data)).ExitCode.ShouldBe(0);
        try
        {
            (await Launcher.ArgosyAsync(Within, "token", "ada@example.com", "--data", data)).ExitCode.ShouldBe(0);
            var list = await Launcher.ArgosyAsync(Within, "audit", "list", "--json", "--data", data);
            foreach (var action in new[] { "account.register", "login.succeed", "session.begin" })
            {
                list.Output.ShouldContain($"\"{action}\"");
            }

            list.Output.ShouldNotContain("ada@example.com", Case.Insensitive, "no personal data");
            await RefusedAsync(data);
            await Eventually.HoldsAsync(async () => (await VerifyAsync(data)) is { ExitCode: 0 } verified && Sealed().IsMatch(verified.Output), "it is sealed and fits");

            await ChangeAsync(Path.Combine(data, "services", "auth-service"));

            var found = await VerifyAsync(data);
            found.ExitCode.ShouldBe(1);
            found.Output.ShouldContain("✘ auth-service");
            found.Output.ShouldContain("✔ payment-service");
        }
        finally
        {
            (await Launcher.ArgosyAsync(Within, "down", "--data", data)).ExitCode.ShouldBe(0);
            Directory.Delete(data, recursive: true);
        }
    }

    private static async Task RefusedAsync(string data)
    {
        using var gateway = new HttpClient { BaseAddress = new Uri(JsonSerializer.Deserialize<JsonElement>(await File.ReadAllTextAsync(Path.Combine(data, "state.json"))).GetProperty("gateway").GetString()!) };
        for (var i = 0; i < 3; i++)
        {
            using var wrong = await gateway.PostAsJsonAsync("/api/v1/auth/login", new { email = "ada@example.com", password = "not hers" });
            wrong.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        }

        gateway.DefaultRequestHeaders.Authorization = new("Bearer", "a.forged.token");
        (await gateway.GetAsync("/api/v1/orders")).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        gateway.DefaultRequestHeaders.Authorization = new("Bearer", (await Launcher.ArgosyAsync(Within, "token", "ada@example.com", "--data", data)).Output.Trim());
        (await gateway.PutAsJsonAsync("/api/v1/items/x", new { name = "A thing", price = new { amount = 1, currency = "EUR" }, stock = 1 })).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        await Eventually.HoldsAsync(async () =>
        {
            var said = (await Launcher.ArgosyAsync(Within, "audit", "list", "--data", data)).Output;
            return said.Contains("login.fail", StringComparison.Ordinal) && said.Contains("token.refuse", StringComparison.Ordinal) && said.Contains("GET /api/v1/orders", StringComparison.Ordinal)
                && said.Contains("access.refuse", StringComparison.Ordinal) && said.Contains("PUT /api/v1/items/{sku}", StringComparison.Ordinal);
        }, "who was refused is in the trail", TimeSpan.FromSeconds(30));
    }

    [GeneratedRegex(@"✔ auth-service +\d+ entries, [1-9]\d* sealed", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Sealed();

    private static Task<Ended> VerifyAsync(string data) => Launcher.ArgosyAsync(Within, "audit", "verify", "--data", data);

    private static async Task ChangeAsync(string folder)
    {
        await using var database = new SqliteConnection($"Data Source={Directory.GetFiles(folder, "*.db").ShouldHaveSingleItem()};Pooling=false");
        await database.OpenAsync();
        await using var command = database.CreateCommand();
        command.CommandText = "drop trigger sys_audit_update; update sys_audit set actor = 'eve' where id = (select min(id) from sys_audit)";
        (await command.ExecuteNonQueryAsync()).ShouldBe(1);
    }
}

using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Argosy.Testing;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Auditing;

/// <summary>What is done to a service while it does not run, and what is only looked at, is in its audit trail as well.</summary>
public sealed class AuditOfOperatorsTests : IAsyncLifetime
{
    private ServiceBench _bench = null!;

    private string Restored => Path.Combine(_bench.DataFolder, "restored.json");

    public async ValueTask InitializeAsync() =>
        _bench = await ServiceBench.StartAsync("inventory-service", "Probe", new Dictionary<string, string>(StringComparer.Ordinal) { ["PROBE_LEDGER"] = "1" });

    public ValueTask DisposeAsync() => _bench.DisposeAsync();

    [Fact]
    public async Task A_restoration_is_one_entry_however_often_the_service_dies_before_its_file_is_gone()
    {
        var entries = new List<JsonElement>();
        for (var starts = 0; starts < 2; starts++)
        {
            await File.WriteAllTextAsync(Restored, """{ "id": "restore-1", "by": "1000", "asOf": "2026-03-14T09:26:53+00:00" }""");
            await RestartAsync();
            File.Exists(Restored).ShouldBeFalse();
            entries = await EntriesAsync("backup.restore");
        }

        var entry = entries.ShouldHaveSingleItem();
        (entry.GetProperty("actor").GetString(), entry.GetProperty("detail").GetString()).ShouldBe(("os:1000", "as of 2026-03-14 09:26:53Z"));

        await File.WriteAllTextAsync(Restored, """{ "id": "restore-2", "by": "1000", "asOf": "2026-03-14T09:26:53+00:00" }""");
        await RestartAsync();
        (await EntriesAsync("backup.restore")).Count.ShouldBe(2, "another restoration");
    }

    [Theory]
    [InlineData("reconcile", "no differences", HttpStatusCode.NoContent)]
    [InlineData("", "no differences", HttpStatusCode.BadRequest)]
    [InlineData("reconcile", "two\nlines", HttpStatusCode.BadRequest)]
    public async Task A_note_of_an_administrator_is_an_entry_when_it_can_be_read(string about, string text, HttpStatusCode status)
    {
        using var stranger = await _bench.As("a-customer").PostAsJsonAsync("/admin/audit/notes", new { about, text });
        using var noted = await _bench.AsAdmin().PostAsJsonAsync("/admin/audit/notes", new { about, text });

        stranger.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        noted.StatusCode.ShouldBe(status);
        (await EntriesAsync("operator.note")).Select(entry => (entry.GetProperty("actor").GetString(), entry.GetProperty("target").GetString(), entry.GetProperty("detail").GetString()))
            .ShouldBe(status == HttpStatusCode.NoContent ? [("the-admin", about, text)] : []);
    }

    private Task RestartAsync() => _bench.RestartAsync(new Dictionary<string, string>(StringComparer.Ordinal) { ["PROBE_LEDGER"] = "1" });

    private async Task<List<JsonElement>> EntriesAsync(string action) =>
        [.. (await _bench.AsAdmin().GetFromJsonAsync<JsonElement>("/admin/audit")).GetProperty("items").EnumerateArray().Where(entry => entry.GetProperty("action").GetString() == action)];
}

using System.Net.Http.Json;
using System.Text.Json;
using Argosy.Chassis.Tests.Store;
using Argosy.Testing;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Invariants;

/// <summary>After each kill the process was killed twice more, before and after its first commit of the start, and only then left alone.</summary>
public abstract class Invariant13_RecoverySurvivesACrashOfRecovery<TEngine>
    where TEngine : IEngine
{
    [Theory]
    [MemberData(nameof(CrashRun.Failpoints), MemberType = typeof(CrashRun))]
    public async Task Recovery_survives_a_crash_of_recovery(string failpoint)
    {
        var report = await CrashRun.AtAsync<TEngine>(failpoint);

        report.RecoveryDied.ShouldBeTrue("the second and the third start were killed before they were ready");
        report.Wishes.Select(report.EntriesOf).ShouldAllBe(entries => entries == 1);
        report.Heard.Order().ShouldBe(report.Outbox.Order());
    }
}

public sealed class Invariant13_RecoverySurvivesACrashOfRecoveryOnSqlite : Invariant13_RecoverySurvivesACrashOfRecovery<OnSqlite>;

[Trait("on", "servers")]
public sealed class Invariant13_RecoverySurvivesACrashOfRecoveryOnPostgres : Invariant13_RecoverySurvivesACrashOfRecovery<OnPostgres>;

/// <summary>A start that is killed while it brings the schema up to date.</summary>
public sealed class Invariant13_WhileMigrating
{
    private static readonly Dictionary<string, string> Plain = new(StringComparer.Ordinal) { ["PROBE_LEDGER"] = "1" };

    /// <summary>Where a start is killed that has two scripts to apply.</summary>
    public static TheoryData<string> Migrating =>
        [.. CrashRun.OfMigrations.SelectMany(name => name == "migration.script" ? new[] { $"{name}:1", $"{name}:2" } : [name])];

    [Theory]
    [MemberData(nameof(Migrating))]
    [Trait("on", "servers")]
    public async Task A_first_start_on_PostgreSQL_that_was_killed_in_the_middle_starts_well_the_next_time(string failpoint)
    {
        var elsewhere = new Dictionary<string, string>(Plain, StringComparer.Ordinal) { ["DATABASE_URL"] = await TestPostgres.SchemaAsync() };
        var armed = new Dictionary<string, string>(elsewhere, StringComparer.Ordinal) { ["ARGOSY_FAILPOINT"] = failpoint };
        await using var bench = await ServiceBench.StartAsync("inventory-service", "Probe", Plain);

        (await CrashRun.StartsInVainAsync(bench, armed)).ShouldBeTrue($"the first start is killed at {failpoint}");
        await bench.RestartAsync(elsewhere);

        await NoteAsync(bench, "after");
    }

    [Theory]
    [MemberData(nameof(Migrating))]
    public async Task A_start_that_was_killed_in_the_middle_of_migrating_starts_well_the_next_time(string failpoint)
    {
        await using var bench = await ServiceBench.StartAsync("inventory-service", "Probe", Plain);
        await NoteAsync(bench, "before");
        await MakeOlderAsync(bench);
        var armed = new Dictionary<string, string>(Plain, StringComparer.Ordinal) { ["ARGOSY_FAILPOINT"] = failpoint };

        (await CrashRun.StartsInVainAsync(bench, armed)).ShouldBeTrue($"the first start is killed at {failpoint}");
        (await CrashRun.StartsInVainAsync(bench, armed)).ShouldBeTrue("the second start is killed there too");
        await bench.RestartAsync(Plain);

        await NoteAsync(bench, "after");
        using var client = bench.As("ada");
        var ledger = await client.GetFromJsonAsync<JsonElement>("/ledger");
        ledger.GetProperty("entries").EnumerateArray().Select(entry => entry.GetString()).ShouldBe(["""{"what":"before"}""", """{"what":"after"}"""]);
    }

    // The database of a version before the last two scripts, with what that version left in it.
    private static async Task MakeOlderAsync(ServiceBench bench)
    {
        bench.Process.KillNow();
        await bench.Process.ExitAsync();
        await bench.ExecuteAsync(
            "drop table errand; drop table sys_lease; delete from sys_migration where name in ('inventory-service/schema.sql', 'chassis/chassis.2.sql')");
    }

    private static async Task NoteAsync(ServiceBench bench, string what)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/streams/one") { Content = JsonContent.Create(new { what }) };
        request.Headers.Add("Idempotency-Key", what);
        using var client = bench.As("ada");
        using var answer = await client.SendAsync(request);
        answer.EnsureSuccessStatusCode();
    }
}

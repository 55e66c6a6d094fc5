using System.Globalization;
using Argosy.Cli.Processes;
using Argosy.Cli.Terminal;
using Argosy.E2E;
using Argosy.FaultLab.Fleets;
using Argosy.FaultLab.Load;
using Argosy.FaultLab.Nemesis;
using Argosy.Testing;
using Microsoft.Data.Sqlite;
using Shouldly;
using Xunit;

namespace Argosy.FaultLab.Tests;

/// <summary>Whole fleets, broken for twenty seconds each, from seeds that nobody chose; and one whose books were forged.</summary>
[Collection(nameof(WholeFleets))]
public sealed class NemesisTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Length = TimeSpan.FromSeconds(20);
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("first")]
    [InlineData("second")]
    [InlineData("third")]
    public async Task Whatever_is_broken_at_once_when_it_is_healed_all_books_add_up(string run)
    {
        var seed = Random.Shared.Next(1_000_000);
        output.WriteLine($"{run}: ./argosy chaos nemesis --seed {seed} --seconds {Length.TotalSeconds.ToString(CultureInfo.InvariantCulture)}");

        if (SteppedClock.Find(Repository.Find()) is null)
        {
            await DebianTools.UnpackAsync(SteppedClock.Package);        // where that can't be, clocks are left out, which the run says
        }

        var result = await RunAsync(seed, new NemesisOptions(Length, Engines: null));

        output.WriteLine(Campaign.Line(result));
        result.Findings.ShouldBeEmpty($"seed {seed}: {string.Join('\n', result.Faults)}");
        result.Faults.ShouldNotBeEmpty();
        result.Operations.ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task A_charge_that_nobody_ordered_and_a_key_that_nobody_revoked_are_caught()
    {
        var result = await RunAsync(1, new NemesisOptions(TimeSpan.FromSeconds(6), Engines: null)
        {
            Sabotage = async fleet =>
            {
                await ChargeTwiceAsync(fleet);
                await LoseKeysAsync(fleet);
            },
            Patience = TimeSpan.FromSeconds(10),
        });

        result.Holds.ShouldBeFalse();
        result.Findings.ShouldContain(finding => finding.StartsWith("book b: ", StringComparison.Ordinal), string.Join('\n', result.Findings));
        result.Findings.ShouldContain(finding => finding.StartsWith("the API key of ", StringComparison.Ordinal), string.Join('\n', result.Findings));
        result.Besides!.KeysMade.ShouldBeGreaterThan(0);
        result.Besides.Followed.ShouldBeGreaterThan(0);
        var page = await File.ReadAllTextAsync(Path.Combine(Repository.Find().Root, "artifacts", "chaos", "nemesis-1.html"), Ct);
        page.ShouldContain("It does not add up");
        page.ShouldContain($"under {result.Faults.Count} fault");
        page.ShouldNotContain("; 0 final reads");
        page.ShouldContain("all is healed");
        var kept = result.Findings[^1].Split(' ')[^1];
        Directory.Exists(kept).ShouldBeTrue("what was found can be looked at");
        Directory.Delete(kept, recursive: true);
    }

    private static Task<TrialResult> RunAsync(int seed, NemesisOptions options) => new NemesisTrial(Repository.Find(), new Screen(), options).RunAsync(seed, Ct);

    // Behind the provider's back, and past the triggers that forbid it: what was captured once was captured twice.
    private static async Task ChargeTwiceAsync(LabFleet fleet)
    {
        await using var ledger = await OpenAsync(fleet, "payment-provider");
        await using var triggers = ledger.CreateCommand();
        triggers.CommandText = "select coalesce(group_concat('drop trigger ' || name || ';', ''), '') from sqlite_master where type = 'trigger'";
        var drop = (string)(await triggers.ExecuteScalarAsync(Ct))!;
        await using var forge = ledger.CreateCommand();
        forge.CommandText = $"{drop} insert into ledger (id, type, payment_id, order_id, amount, currency, at) "
            + "select 'ch_forged', type, payment_id, order_id, amount, currency, at from ledger where type = 'capture' limit 1";
        await Eventually.HoldsAsync(async () => await forge.ExecuteNonQueryAsync(Ct) == 1, "somebody is charged", TimeSpan.FromSeconds(30));
    }

    // Keys are gone that nobody asked to be, and the gateway doesn't remember what they were good for.
    private static async Task LoseKeysAsync(LabFleet fleet)
    {
        await using var accounts = await OpenAsync(fleet, "auth-service");
        await using var lose = accounts.CreateCommand();
        lose.CommandText = "update api_keys set revoked = 1 where revoked is null";
        (await lose.ExecuteNonQueryAsync(Ct)).ShouldBeGreaterThan(0, "a run in which nobody made a key proves nothing");
        fleet.Kill("gateway").ShouldBeTrue();
    }

    private static async Task<SqliteConnection> OpenAsync(LabFleet fleet, string process)
    {
        var connection = new SqliteConnection($"Data Source={Directory.GetFiles(fleet.Data.Of(process), "*.db").Single()};Pooling=false");
        await connection.OpenAsync(Ct);
        return connection;
    }
}

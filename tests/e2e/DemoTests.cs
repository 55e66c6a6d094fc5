using System.Globalization;
using System.Text.RegularExpressions;
using Argosy.Testing;
using Microsoft.Data.Sqlite;
using Shouldly;
using Xunit;

namespace Argosy.E2E;

/// <summary>The demo is the proof that anybody can run: here under kills, and with a book that was tampered with.</summary>
public sealed partial class DemoTests(Fleet fleet)
{
    private static readonly TimeSpan Within = TimeSpan.FromMinutes(5);

    [Fact]
    public async Task Five_hundred_orders_of_every_kind_add_up()
    {
        var ended = await Launcher.ArgosyAsync(Within, "demo", "--orders", "500", "--data", fleet.Data);

        ended.ExitCode.ShouldBe(0, ended.ToString());
    }

    [Fact]
    [Trait("on", "one-of-each")]
    public async Task Orders_add_up_while_every_service_is_killed_under_load()
    {
        // All of them twice where that is quick; an engine that comes back has more to do, so that eight are chosen there. At 80 orders a second
        // more than fifty are in flight as soon as somebody is away.
        var isQuick = Fleet.On.Length == 0;
        var before = await CountEntriesAsync();
        var demo = Launcher.ArgosyAsync(Within, "demo", "--orders", isQuick ? "2000" : "1000", "--rate", "80", "--data", fleet.Data);
        await Eventually.HoldsAsync(async () => demo.IsCompleted || await CountEntriesAsync() > before + 50, "money moves", TimeSpan.FromMinutes(1));
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        string[] victims = isQuick ? [.. Shuffled(random, fleet.Processes), .. Shuffled(random, fleet.Processes)] : Shuffled(random, fleet.Processes)[..8];
        foreach (var victim in victims)
        {
            await Task.WhenAny(demo, Task.Delay(random.Next(200, 1_000)));
            demo.IsCompleted.ShouldBeFalse($"seed {seed}: the demo ended before {victim} was killed: {(demo.IsCompleted ? await demo : null)}");
            await fleet.KillAsync(victim);      // and on to the next: who is still recovering may be killed again
        }

        var ended = await demo;
        ended.ExitCode.ShouldBe(0, $"seed {seed}: {ended}");
        InFlight().Matches(ended.ToString()).Select(match => int.Parse(match.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture)).Max().ShouldBeGreaterThanOrEqualTo(50, ended.ToString());
    }

    // Where servers are shared somebody always writes, if only a lease: the checker then waits its minute before it believes what it found.
    [Fact]
    [Trait("on", "embedded")]
    public async Task A_ledger_entry_that_no_order_explains_makes_the_demo_fail()
    {
        const string Insert = "insert into ledger (id, type, payment_id, order_id, amount, currency, at) values ('ch_by_hand', 'capture', 'p', 'no-such-order', 4200, 'EUR', 1)";
        await TamperAsync(Insert);

        var ended = await Launcher.ArgosyAsync(Within, "demo", "--orders", "20", "--data", fleet.Data);

        ended.ExitCode.ShouldBe(1, ended.ToString());
        ended.ToString().ShouldContain("ch_by_hand");
        await TamperAsync("delete from ledger where id = 'ch_by_hand'");
        ended = await Launcher.ArgosyAsync(Within, "demo", "--orders", "20", "--data", fleet.Data);
        ended.ExitCode.ShouldBe(0, ended.ToString());
    }

    private static string[] Shuffled(Random random, IReadOnlyList<string> names)
    {
        string[] shuffled = [.. names];
        random.Shuffle(shuffled);
        return shuffled;
    }

    [GeneratedRegex(@"(\d+) in flight")]
    private static partial Regex InFlight();

    private async Task<int> CountEntriesAsync()
    {
        await using var ledger = OpenLedger();
        await using var count = ledger.CreateCommand();
        count.CommandText = "select count(*) from ledger";
        return Convert.ToInt32(await count.ExecuteScalarAsync(), CultureInfo.InvariantCulture);
    }

    /// <summary>Changes the provider's books behind its back, and past the triggers that forbid it; it reads them anew when it comes back.</summary>
    private async Task TamperAsync(string sql)
    {
        await using (var ledger = OpenLedger())
        {
            await using var guards = ledger.CreateCommand();
            guards.CommandText = "select group_concat('drop trigger ' || name || ';', ''), group_concat(sql || ';', '') from sqlite_master where type = 'trigger'";
            await using var found = await guards.ExecuteReaderAsync();
            await found.ReadAsync();
            await using var command = ledger.CreateCommand();
            command.CommandText = $"begin; {found.GetString(0)} {sql}; {found.GetString(1)} commit;";
            await command.ExecuteNonQueryAsync();
        }

        await fleet.KillAsync("payment-provider");
        await fleet.ReadyAsync("payment-provider");
    }

    private SqliteConnection OpenLedger()
    {
        var file = Directory.GetFiles(Path.Combine(fleet.Data, "services", "payment-provider"), "*.db").Single();
        var connection = new SqliteConnection($"Data Source={file};Pooling=false");
        connection.Open();
        return connection;
    }
}

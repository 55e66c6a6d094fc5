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
    const int Seed = 20261123;

    static readonly TimeSpan Within = TimeSpan.FromMinutes(5);

    [Fact]
    public async Task Five_hundred_orders_of_every_kind_add_up()
    {
        var ended = await Launcher.ArgosyAsync(Within, "demo", "--orders", "500", "--data", fleet.Data);

        ended.ExitCode.ShouldBe(0, ended.ToString());
    }

    [Fact]
    public async Task Orders_add_up_while_every_process_is_killed_twice_under_load()
    {
        // At 80 orders a second more than fifty are in flight as soon as somebody is away.
        var demo = Launcher.ArgosyAsync(Within, "demo", "--orders", "2500", "--rate", "80", "--data", fleet.Data);
        var random = new Random(Seed);
        string[] victims = [.. Shuffled(random, fleet.Processes), .. Shuffled(random, fleet.Processes)];
        foreach (var victim in victims)
        {
            await Task.WhenAny(demo, Task.Delay(random.Next(200, 600)));
            demo.IsCompleted.ShouldBeFalse($"seed {Seed}: the demo ended before {victim} was killed: {(demo.IsCompleted ? await demo : null)}");
            await fleet.KillAsync(victim);
            await fleet.ReadyAsync(victim);
        }

        var ended = await demo;
        ended.ExitCode.ShouldBe(0, $"seed {Seed}: {ended}");
        InFlight().Matches(ended.ToString()).Select(match => int.Parse(match.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture)).Max().ShouldBeGreaterThanOrEqualTo(50, ended.ToString());
    }

    [Fact]
    public async Task A_ledger_entry_that_no_order_explains_makes_the_demo_fail()
    {
        var tampered = new Fleet();
        await tampered.InitializeAsync();
        try
        {
            (await Launcher.ArgosyAsync(Within, "demo", "--orders", "20", "--data", tampered.Data)).ExitCode.ShouldBe(0);
            InsertEntry(tampered);
            await tampered.KillAsync("payment-provider");
            await tampered.ReadyAsync("payment-provider");

            var ended = await Launcher.ArgosyAsync(Within, "demo", "--orders", "20", "--data", tampered.Data);

            ended.ExitCode.ShouldBe(1, ended.ToString());
        }
        finally
        {
            await tampered.DisposeAsync();
        }
    }

    static string[] Shuffled(Random random, IReadOnlyList<string> names)
    {
        string[] shuffled = [.. names];
        random.Shuffle(shuffled);
        return shuffled;
    }

    [GeneratedRegex(@"(\d+) in flight")]
    private static partial Regex InFlight();

    static void InsertEntry(Fleet fleet)
    {
        var file = Directory.GetFiles(Path.Combine(fleet.Data, "services", "payment-provider"), "*.db").Single();
        using var connection = new SqliteConnection($"Data Source={file};Pooling=false");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "insert into ledger (id, type, payment_id, order_id, amount, currency, at) values ('ch_by_hand', 'capture', 'p', 'no-such-order', 4200, 'EUR', 1)";
        command.ExecuteNonQuery();
    }
}

using Argosy.Testing;
using Shouldly;
using Xunit;

namespace Argosy.E2E;

/// <summary>Two instances of every service on real servers, and what happens to these and to those while orders come in.</summary>
[Trait("on", "instances")]
public sealed class InstanceTests(Fleet fleet)
{
    private const string First = "order-service";
    private const string Second = "order-service-2";
    private const int Rate = 10;    // orders a second
    private static readonly TimeSpan Within = TimeSpan.FromMinutes(12);

    // Longer than any lease lasts.
    private static readonly TimeSpan PastItsLeases = TimeSpan.FromSeconds(20);

    // At the same time: each alone is less than what they are together.
    [Fact]
    public async Task Orders_add_up_while_Redis_is_away_for_thirty_seconds_and_PostgreSQL_and_RabbitMQ_restart_meanwhile() => await UnderLoadAsync(90, async () =>
    {
        await SignalAsync("redis", "STOP");
        var away = Task.Delay(TimeSpan.FromSeconds(30));
        await RestartAsync("postgresql");
        await RestartAsync("rabbitmq");
        await away;
        await SignalAsync("redis", "CONT");
    });

    [Fact]
    public async Task Orders_add_up_while_one_instance_is_killed_and_one_is_stopped_past_its_leases_and_goes_on() => await UnderLoadAsync(50, async () =>
    {
        await fleet.KillAsync(First);
        await fleet.ReadyAsync(First);
        await SignalAsync(Second, "STOP");
        await Task.Delay(PastItsLeases);
        await SignalAsync(Second, "CONT");
        await fleet.ReadyAsync(Second);
    });

    [Fact]
    public async Task No_service_can_log_in_to_anothers_database()
    {
        var addresses = fleet.Services.Select(DatabaseOf).OfType<Uri>().DistinctBy(address => address.AbsolutePath).ToList();
        addresses.Count.ShouldBeGreaterThan(5);
        foreach (var own in addresses)
        {
            foreach (var other in addresses)
            {
                var address = new UriBuilder(own) { Path = other.AbsolutePath, Query = "" }.Uri.ToString();
                var ended = await Launcher.RunAsync(TimeSpan.FromSeconds(20), new Dictionary<string, string>(), "psql", "-X", "-c", "select 1", address);
                (ended.ExitCode == 0).ShouldBe(own == other, $"{own.AbsolutePath} into {other.AbsolutePath}: {ended}");
                ended.Errors.Contains("permission denied for database", StringComparison.Ordinal).ShouldBe(own != other, ended.ToString());
            }
        }
    }

    [Fact]
    public async Task What_was_changed_in_PostgreSQL_behind_a_service_s_back_is_found_by_its_book()
    {
        using var customer = await fleet.CustomerAsync();
        var order = await customer.PlacedAsync(Orders.Body(await fleet.ItemAsync(stock: 1)));
        await customer.BecomesAsync(order, "confirmed");

        await ShowAsync(order, "cancelled");
        try
        {
            (await IsFoundAsync(order)).ShouldBeTrue();
        }
        finally
        {
            await ShowAsync(order, "confirmed");
        }

        (await IsFoundAsync(order)).ShouldBeFalse();
    }

    private async Task ShowAsync(string order, string status)
    {
        var changed = await Launcher.RunAsync(TimeSpan.FromSeconds(20), new Dictionary<string, string>(), "psql", "-X", "-c", $"update order_view set status = '{status}' where id = '{order}'", DatabaseOf(First)!.ToString());
        changed.Output.Trim().ShouldBe("UPDATE 1", changed.ToString());
    }

    // Not by what clients were told: of this fleet nobody has written that down.
    private async Task<bool> IsFoundAsync(string order)
    {
        var nothing = Path.Combine(fleet.Data, "nothing-told.jsonl");
        await File.WriteAllTextAsync(nothing, "");
        var program = Launcher.DllOf("Argosy.Checker");
        var said = await Launcher.RunAsync(Within, new Dictionary<string, string>(), "dotnet", program, "--data", fleet.Data, "--history", nothing, "--wait", "0");
        said.ExitCode.ShouldBeInRange(0, 1, said.ToString());
        return said.Output.Split('\n').Any(line => line.Contains("book i: ", StringComparison.Ordinal) && line.Contains(order, StringComparison.Ordinal) && line.Contains("status is cancelled instead of confirmed", StringComparison.Ordinal));
    }

    // As the process itself got it.
    private Uri? DatabaseOf(string process)
    {
        const string Name = "DATABASE_URL=";
        var variable = File.ReadAllText($"/proc/{fleet.PidOf(process)}/environ").Split('\0').FirstOrDefault(line => line.StartsWith(Name, StringComparison.Ordinal));
        return variable is not null && Uri.TryCreate(variable[Name.Length..], UriKind.Absolute, out var address) && address.Scheme.StartsWith("postgres", StringComparison.Ordinal) ? address : null;
    }

    // So many seconds of orders, and something happening in them; the checker says whether all adds up in the end.
    private async Task UnderLoadAsync(int seconds, Func<Task> happens)
    {
        var demo = Launcher.ArgosyAsync(Within, "demo", "--orders", $"{seconds * Rate}", "--rate", $"{Rate}", "--data", fleet.Data);
        await Task.WhenAny(demo, Task.Delay(TimeSpan.FromSeconds(5)));
        demo.IsCompleted.ShouldBeFalse("orders come in");
        await happens();
        demo.IsCompleted.ShouldBeFalse("orders still come in after what happened");
        var ended = await demo;
        ended.ExitCode.ShouldBe(0, ended.ToString());
    }

    private async Task RestartAsync(string name)
    {
        var restarted = await Launcher.ArgosyAsync(TimeSpan.FromMinutes(2), "restart", name, "--data", fleet.Data);
        restarted.ExitCode.ShouldBe(0, restarted.ToString());
    }

    // An engine hangs on a leash: what it has started is meant.
    private async Task SignalAsync(string name, string signal)
    {
        var sent = await Launcher.BashAsync(TimeSpan.FromSeconds(10), $$"""
            send() { for child in $(pgrep -P "$1"); do send "$child"; done; kill -{{signal}} "$1"; }
            send {{fleet.PidOf(name)}}
            """);
        sent.ExitCode.ShouldBe(0, sent.ToString());
    }
}

using System.Diagnostics;
using System.Net;

namespace Argosy.PaymentProvider.Tests;

public sealed class DurabilityTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("books.commit.before", 0)]
    [InlineData("books.commit.after", 1)]
    [InlineData("answer.before", 1)]
    public async Task Killed_around_a_charge_it_has_charged_or_not_and_says_so_ever_after(string failpoint, int captures)
    {
        await using var provider = await ProviderProcess.StartAsync();
        var intent = await provider.IntentAsync();
        await provider.KillAsync();
        await provider.StartAgainAsync(("ARGOSY_FAILPOINT", failpoint));
        await Should.ThrowAsync<HttpRequestException>(() => provider.ConfirmAsync(intent, "k"));
        await provider.ExitedAsync();
        await provider.StartAgainAsync();
        (await provider.LedgerAsync()).Count.ShouldBe(captures);
        (await provider.StatusAsync(intent)).ShouldBe(captures == 1 ? "succeeded" : "requires_confirmation");
        (await provider.ConfirmAsync(intent, "k")).Status.ShouldBe(HttpStatusCode.OK);
        (await provider.LedgerAsync()).Count.ShouldBe(1);
    }

    [Fact]
    public async Task Killed_under_load_it_keeps_every_charge_that_it_has_acknowledged()
    {
        await using var provider = await ProviderProcess.StartAsync();
        var acknowledged = new System.Collections.Concurrent.ConcurrentBag<string>();
        using var down = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        var clients = Enumerable.Range(0, 16).Select(c => ChargeUntilDownAsync(provider, c, acknowledged, down.Token)).ToList();
        while (acknowledged.Count < 200 && !clients.Exists(client => client.IsCompleted))
        {
            await Task.Delay(5, down.Token);
        }

        await provider.KillAsync();
        await down.CancelAsync();
        await Task.WhenAll(clients);
        acknowledged.Count.ShouldBeGreaterThanOrEqualTo(200, provider.Output);
        await provider.StartAgainAsync();
        var ledger = await provider.LedgerAsync();
        ledger.Select(e => e.OrderId).ShouldBeUnique();
        acknowledged.Except(ledger.Select(e => e.OrderId)).ShouldBeEmpty();
        (await provider.GetAsync("/v1/balance")).GetProperty("available")[0].GetProperty("amount").GetInt64().ShouldBe(ledger.Sum(e => e.Amount));
    }

    [Fact]
    public async Task It_carries_charges_in_groups()
    {
        await using var provider = await ProviderProcess.StartAsync();
        await Task.WhenAll(Enumerable.Range(0, 32).Select(c => ChargeAsync(provider, $"warm-{c}")));
        const int Charges = 2000;
        var clock = Stopwatch.StartNew();
        await Parallel.ForEachAsync(
            Enumerable.Range(0, Charges), new ParallelOptions { MaxDegreeOfParallelism = 32 }, async (i, _) => await ChargeAsync(provider, $"o-{i}"));
        output.WriteLine($"{Charges / clock.Elapsed.TotalSeconds:0} captures/s, client included");
        (await provider.LedgerAsync()).Count.ShouldBe(Charges + 32);
    }

    [Fact]
    public async Task It_ends_with_its_standard_input()
    {
        await using var provider = await ProviderProcess.StartAsync();
        provider.CloseInput();
        await provider.ExitedAsync();
    }

    [Fact]
    public async Task What_is_in_the_ledger_is_not_changed_even_by_hand()
    {
        await using var provider = await ProviderProcess.StartAsync();
        await ChargeAsync(provider, "o");
        using var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={provider.Database};Pooling=false");
        await connection.OpenAsync();
        foreach (var sql in new[] { "update ledger set amount = 1", "delete from ledger" })
        {
            using var command = connection.CreateCommand();
            command.CommandText = sql;
            await Should.ThrowAsync<Microsoft.Data.Sqlite.SqliteException>(() => command.ExecuteNonQueryAsync());
        }
    }

    private static async Task ChargeUntilDownAsync(
        ProviderProcess provider, int client, System.Collections.Concurrent.ConcurrentBag<string> acknowledged, CancellationToken down)
    {
        try
        {
            for (var i = 0; !down.IsCancellationRequested; i++)
            {
                await ChargeAsync(provider, $"{client}-{i}");
                acknowledged.Add($"{client}-{i}");
            }
        }
        catch (HttpRequestException)
        {
            // The process is gone, as planned.
        }
    }

    private static async Task ChargeAsync(ProviderProcess provider, string order)
    {
        var intent = await provider.IntentAsync(amount: 10, order: order, key: order + ":create");
        (await provider.ConfirmAsync(intent, order + ":confirm")).Status.ShouldBe(HttpStatusCode.OK);
    }
}

using System.Net.Http.Json;
using Argosy.Chassis.Store;
using Argosy.Chassis.Tests.Store;
using Argosy.Testing;
using Shouldly;
using Xunit;

namespace Argosy.Chassis.Tests.Invariants;

[Trait("on", "servers")]
public sealed class Invariant08_OnThreeInstances
{
    [Fact]
    public async Task An_instance_that_was_stopped_past_its_lease_and_goes_on_pushes_nothing_that_counts()
    {
        var url = await TestPostgres.SchemaAsync();
        var environment = new Dictionary<string, string>(StringComparer.Ordinal) { ["PROBE_LEDGER"] = "1", ["DATABASE_URL"] = url };
        await using var bench = await ServiceBench.StartAsync("inventory-service", "Probe", environment);
        await using var second = bench.StartInstance(environment);
        await using var third = bench.StartInstance(environment);
        await Task.WhenAll(second.ReadyAsync(), third.ReadyAsync());
        await using var store = TestPostgres.Open(url);
        ServiceProcess[] instances = [bench.Process, second, third];
        await SayAsync(bench, instances[0], "before", 20);
        await HeardAsync(bench, store);

        var (holder, epoch) = await HolderAsync(store);
        var stopped = instances.Single(instance => instance.Id == holder);
        var others = instances.Where(instance => instance != stopped).ToArray();
        stopped.Pause();
        try
        {
            await SayAsync(bench, others[0], "while it stands still", 20);
            await SayAsync(bench, others[1], "and from the other", 20);
            await HeardAsync(bench, store);
        }
        finally
        {
            stopped.Continue();
        }

        var (successor, later) = await HolderAsync(store);
        (successor, later).ShouldNotBe((holder, epoch));
        later.ShouldBeGreaterThan(epoch);
        await SayAsync(bench, stopped, "after it goes on", 20);
        await HeardAsync(bench, store);
        foreach (var subscriber in bench.Bus.Heard.GroupBy(heard => heard.Subscriber))
        {
            var said = await store.QueryAsync<string>("select id from bus_outbox order by seq");
            subscriber.Select(heard => heard.Envelope.Id).ShouldBe(said, $"{subscriber.Key} has heard everything once and in its order");
        }

        instances.ShouldAllBe(instance => !instance.HasEnded);
    }

    private static async Task SayAsync(ServiceBench bench, ServiceProcess instance, string what, int times)
    {
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = instance.Http.BaseAddress };
        client.DefaultRequestHeaders.Add("Authorization", $"Bearer {bench.Issuer.TokenFor("ada")}");
        for (var i = 0; i < times; i++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, $"/streams/stream-{i % 3}") { Content = JsonContent.Create(new { what }) };
            request.Headers.Add("Idempotency-Key", $"{what.Replace(' ', '-')}-{i}");
            using var answer = await client.SendAsync(request);
            answer.EnsureSuccessStatusCode();
        }
    }

    // All that was published came to all who subscribe.
    private static Task HeardAsync(ServiceBench bench, IStore store) => Eventually.HoldsAsync(async () =>
    {
        var said = await store.FirstOrDefaultAsync<long>("select count(*) from bus_outbox");
        var heard = bench.Bus.Heard.GroupBy(message => message.Subscriber).ToList();
        return heard.Count > 0 && heard.TrueForAll(subscriber => subscriber.Count() == said);
    }, "everything is heard", TimeSpan.FromSeconds(60));

    private static async Task<(int Process, long Epoch)> HolderAsync(IStore store)
    {
        var lease = (await store.FirstOrDefaultAsync<Held>("select owner as Owner, epoch as Epoch from sys_lease where name = 'push'"))!;
        return (int.Parse(lease.Owner.Split('/')[1], System.Globalization.CultureInfo.InvariantCulture), lease.Epoch);
    }

    private sealed record Held(string Owner, long Epoch);
}

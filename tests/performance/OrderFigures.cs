using System.Diagnostics;

namespace Argosy.Performance;

/// <summary>What a customer waits for and what the whole platform carries, on a fleet of real processes.</summary>
internal sealed class OrderFigures(BenchOptions options)
{
    private const double ReadyBudget = 5;
    private const double OrdersBudget = 500;
    private const double ConfirmedBudget = 250;
    private const double MemoryBudget = 600;
    private const double SteadyRate = 50;
    private const double NearPeak = 0.8;
    private static readonly TimeSpan DrainWithin = TimeSpan.FromMinutes(3);

    public async IAsyncEnumerable<Figure> MeasureAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        // 1. A first start makes databases, keys and the catalogue; the warm one is what a working day begins with.
        var first = await FleetUnderTest.StartAsync(null, cancellation);
        await first.StopAsync();
        await using var fleet = await FleetUnderTest.StartAsync(first.Data, cancellation);
        yield return Figure.AtMost("warm start: `up`, built, to all ready", fleet.StartedWithin.TotalSeconds, ReadyBudget, "s", "N1");

        // 2. Warm up: compiled, connected, caches filled.
        using var shop = await Shop.OpenAsync(fleet, cancellation);
        await CarryAsync(shop, options.WarmUp, cancellation);

        // 3. The maximum: as many as are carried to confirmation, with the queues drained.
        var before = fleet.ProcessorTime();
        var peak = await CarryAsync(shop, options.Orders, cancellation);
        var spent = fleet.ProcessorTime().ToDictionary(p => p.Key, p => (double)(p.Value - before[p.Key]) / options.Orders);
        yield return Figure.AtLeast("orders carried through all three steps, maximum", peak, OrdersBudget, "/s");
        yield return new Figure("processor time per order, all processes", $"{spent.Values.Sum():N1} ms");
        yield return new Figure("of it", string.Join(", ", spent.OrderByDescending(p => p.Value).Select(p => $"{p.Key} {p.Value:N2}")));

        // 4. At a steady 50 a second, and near the peak: what one customer waits.
        var steady = await Load.AtRateAsync(SteadyRate, options.Duration, shop.PlaceAndFollowAsync, cancellation);
        yield return new Figure("submit → confirmed at 50/s, p50", $"{steady.Latencies.Percentile(50):N0} ms");
        yield return Figure.AtMost("submit → confirmed at 50/s, p99", steady.Latencies.Percentile(99), ConfirmedBudget, "ms");
        var memory = fleet.Memory();
        yield return Figure.AtMost("memory of all processes (PSS) at 50/s", memory.Values.Sum() / 1e6, MemoryBudget, "MB");
        yield return new Figure("memory of the largest process (PSS)", memory.MaxBy(p => p.Value) is var m ? $"{m.Value / 1e6:N0} MB, {m.Key}" : "");
        yield return Failures("at 50/s", steady);

        var near = await Load.AtRateAsync(peak * NearPeak, options.Duration, shop.PlaceAndFollowAsync, cancellation);
        yield return new Figure($"submit → confirmed at 80 % of the maximum ({peak * NearPeak:N0}/s), p50", $"{near.Latencies.Percentile(50):N0} ms");
        yield return new Figure($"submit → confirmed at 80 % of the maximum ({peak * NearPeak:N0}/s), p99", $"{near.Latencies.Percentile(99):N0} ms");
        yield return Failures("at 80 %", near);
    }

    // Clients submit as fast as they are answered; the clock stops when the last order is confirmed.
    private async Task<double> CarryAsync(Shop shop, int orders, CancellationToken cancellation)
    {
        var target = await shop.ConfirmedAsync() + orders;
        var next = -1;
        var clock = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, options.Clients).Select(_ => Task.Run(SubmitAsync, cancellation)));
        while (await shop.ConfirmedAsync() < target)
        {
            if (clock.Elapsed > DrainWithin)
            {
                throw new TimeoutException($"{target - await shop.ConfirmedAsync()} of {orders} orders were not confirmed within {DrainWithin.TotalMinutes:N0} minutes.");
            }

            await Task.Delay(20, cancellation);
        }

        return orders / clock.Elapsed.TotalSeconds;

        async Task SubmitAsync()
        {
            while (Interlocked.Increment(ref next) is var number && number < orders)
            {
                await shop.PlaceAsync(number, cancellation);
            }
        }
    }

    private static Figure Failures(string where, LoadResult load) => new(
        $"failed calls {where}; the generator's own delay", $"{load.Failed} of {load.Failed + load.Latencies.Count}{(load.Failed > 0 ? $" ({load.Failures.MaxBy(f => f.Value).Key})" : "")}; {load.Late.TotalMilliseconds:N0} ms");
}

namespace Argosy.Performance;

/// <summary>What a customer waits for and what the whole platform carries, on a fleet of real processes.</summary>
internal sealed class OrderFigures(BenchOptions options)
{
    private const double ReadyBudget = 5;
    private const double EmptyThen = 1.4;       // what eight empty ones took where the budget was set
    private const double OrdersBudget = 500;
    private const double ConfirmedBudget = 250;
    private const double MemoryBudget = 600;
    private const double SteadyRate = 50;
    private const double NearPeak = 0.8;

    public async IAsyncEnumerable<Figure> MeasureAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        // 1. A first start makes databases, keys and the catalogue; the warm one is what a working day begins with.
        var first = await FleetUnderTest.StartAsync(null, cancellation);
        await first.StopAsync();
        await using var fleet = await FleetUnderTest.StartAsync(first.Data, cancellation);
        var yardstick = await EmptyProcesses.StartAsync(cancellation);
        yield return Figure.AtMost("warm start: `up`, built, to all ready", fleet.StartedWithin.TotalSeconds, ReadyBudget, "s", "N1");
        yield return new Figure("against eight empty web servers started together", $"{fleet.StartedWithin / yardstick:N1}× ({yardstick.TotalSeconds:N1} s)", $"≤ {ReadyBudget / EmptyThen:N1}×", ReadyBudget / EmptyThen / (fleet.StartedWithin / yardstick));

        // 2. Warm up: compiled, connected, caches filled.
        using var shop = await Shop.OpenAsync(fleet, cancellation);
        await shop.CarryAsync(options.WarmUp, options.Clients, cancellation);

        // 3. The maximum: as many as are carried to confirmation, with the queues drained.
        var before = fleet.ProcessorTime();
        var peak = await shop.CarryAsync(options.Orders, options.Clients, cancellation);
        var spent = fleet.ProcessorTime().ToDictionary(p => p.Key, p => (double)(p.Value - before[p.Key]) / options.Orders);
        yield return Figure.AtLeast("orders carried through all three steps, maximum", peak, OrdersBudget, "/s");
        yield return new Figure("processor time per order, all processes", $"{spent.Values.Sum():N1} ms");
        yield return new Figure("of it", string.Join(", ", spent.OrderByDescending(p => p.Value).Select(p => $"{p.Key} {p.Value:N2}")));

        // 4. At a steady 50 a second: what one customer waits, and what all processes hold.
        var steady = await Load.AtRateAsync(SteadyRate, options.Duration, shop.PlaceAndFollowAsync, cancellation);
        yield return new Figure("submit → confirmed at 50/s, p50", $"{steady.Latencies.Percentile(50):N0} ms");
        yield return Figure.AtMost("submit → confirmed at 50/s, p99", steady.Latencies.Percentile(99), ConfirmedBudget, "ms");
        var memory = fleet.Memory();
        yield return Figure.AtMost("memory of all processes (PSS) at 50/s", memory.Values.Sum() / 1e6, MemoryBudget, "MB");
        yield return new Figure("memory of the largest process (PSS)", memory.MaxBy(p => p.Value) is var m ? $"{m.Value / 1e6:N0} MB, {m.Key}" : "");
        yield return Failures("at 50/s", steady);

        // 5. The maximum where every customer follows the stream, and what one of them waits at 80 % of that.
        var followed = (await Load.AtMostAsync(options.Clients, options.Duration, shop.PlaceAndFollowAsync, cancellation)).PerSecond;
        yield return new Figure("orders placed and followed to their confirmation, maximum", $"{followed:N0} /s");
        var near = await Load.AtRateAsync(followed * NearPeak, options.Duration, shop.PlaceAndFollowAsync, cancellation);
        yield return new Figure($"submit → confirmed at 80 % of that ({followed * NearPeak:N0}/s), p50", $"{near.Latencies.Percentile(50):N0} ms");
        yield return new Figure($"submit → confirmed at 80 % of that ({followed * NearPeak:N0}/s), p99", $"{near.Latencies.Percentile(99):N0} ms");
        yield return Failures("at 80 %", near);
    }

    private static Figure Failures(string where, LoadResult load) => new(
        $"failed calls {where}; the generator's own delay", $"{load.Failed} of {load.Failed + load.Latencies.Count}{(load.Failed > 0 ? $" ({load.Failures.MaxBy(f => f.Value).Key})" : "")}; {load.Late.TotalMilliseconds:N0} ms");
}

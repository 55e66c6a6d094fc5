using System.Diagnostics;

namespace Argosy.Performance;

/// <summary>
/// Three times as many orders as can be carried, for a while, from an open loop that does not care how anybody is: what is carried
/// meanwhile, what those wait who are let in, what the others are told, and how long it takes until all is as before.
/// </summary>
internal sealed class OverloadFigures(BenchOptions options)
{
    private const int Times = 3;
    private const double Goodput = 0.8;
    private const double RecoveryBudget = 30;
    private const double AcceptedBudget = 2_000;     // as far behind as commits may be before writes are refused
    private const double Calm = 5;              // orders a second, of somebody who looks how it is
    private const double AsBefore = 2;          // times what it was
    private const int InARow = 5;

    public async IAsyncEnumerable<Figure> MeasureAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        await using var fleet = await FleetUnderTest.StartAsync(null, cancellation);
        using var shop = await Shop.OpenAsync(fleet, cancellation);
        await shop.CarryAsync(options.WarmUp, options.Clients, cancellation);
        var calm = (await Load.AtRateAsync(Calm, options.Duration / 3, shop.PlaceAndFollowAsync, cancellation)).Latencies.Percentile(99);
        var idle = fleet.ProcessorTime();
        var peak = await shop.CarryAsync(options.Orders, options.Clients, cancellation);
        var perOrder = Spent(fleet, idle, options.Orders);
        yield return new Figure("orders carried, maximum", $"{peak:N0} /s");

        // The clock starts after a quarter of it, when as many stand half done as will at the end: what is then still to be carried is made up for by
        // what was begun before.
        var (before, spent, clock) = (0L, idle, new Stopwatch());
        var offered = Load.OfferAtRateAsync(peak * Times, options.Duration * 4 / 3, shop.OfferAsync, cancellation);
        await Task.WhenAll(offered, StandsAsync());
        var load = await offered;
        var done = await shop.ConfirmedAsync() - before;
        var carried = done / clock.Elapsed.TotalSeconds;
        var perCarried = Spent(fleet, spent, done);
        yield return Figure.AtLeast($"carried at {Times}× that, goodput", carried, peak * Goodput, "/s");
        yield return new Figure("of it", $"{carried / peak:N2}× of the maximum", $"≥ {Goodput:N1}×", carried / peak / Goodput);
        yield return new Figure("by the fleet's processor time for each, as with a generator on another machine", $"{perOrder.Values.Sum() / perCarried.Values.Sum():N2}×; {perCarried.Values.Sum():N1} ms instead of {perOrder.Values.Sum():N1}");
        yield return new Figure("of that time", string.Join(", ", perCarried.OrderByDescending(p => p.Value).Select(p => $"{p.Key} {p.Value:N2} instead of {perOrder[p.Key]:N2}")));
        yield return new Figure("let in", $"{load.Latencies.Count} of {load.Latencies.Count + load.Failed}; half of them accepted within {load.Latencies.Percentile(50):N0} ms");
        yield return Figure.AtMost("of those, p99 until accepted", load.Latencies.Percentile(99), AcceptedBudget, "ms");
        yield return new Figure("the others", string.Join(", ", load.Failures.Select(failure => $"{failure.Value} {failure.Key}")));
        yield return new Figure("the generator's own delay", $"{load.Late.TotalMilliseconds:N0} ms");
        yield return Figure.AtMost($"after it, until {InARow} in a row take at most {AsBefore:N0}× what they did before", await RecoverAsync(shop, calm * AsBefore, cancellation), RecoveryBudget, "s", "N1");

        async Task StandsAsync()
        {
            await Task.Delay(options.Duration / 3, cancellation);
            (before, spent) = (await shop.ConfirmedAsync(), fleet.ProcessorTime());
            clock.Start();
        }
    }

    // Milliseconds of each process, for each order.
    private static Dictionary<string, double> Spent(FleetUnderTest fleet, IReadOnlyDictionary<string, long> since, double orders) =>
        fleet.ProcessorTime().ToDictionary(p => p.Key, p => (p.Value - since[p.Key]) / orders, StringComparer.Ordinal);

    private static async Task<double> RecoverAsync(Shop shop, double normal, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        for (var (number, good) = (0, 0); good < InARow; number++)
        {
            var began = clock.Elapsed;
            try
            {
                await shop.PlaceAndFollowAsync(number, cancellation);
                good = (clock.Elapsed - began).TotalMilliseconds <= normal ? good + 1 : 0;
            }
            catch (HttpRequestException)
            {
                good = 0;
                await Task.Delay(TimeSpan.FromSeconds(1) / Calm, cancellation);
            }
        }

        return clock.Elapsed.TotalSeconds;
    }
}

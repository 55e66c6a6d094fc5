using Argosy.Performance;
using Shouldly;
using Xunit;

namespace Argosy.Cli.Tests;

/// <summary>Whoever measures has to be right first.</summary>
public sealed class LoadTests
{
    [Fact]
    public void A_percentile_is_a_latency_that_was_seen_and_that_so_many_have_not_exceeded()
    {
        var latencies = new Latencies();
        foreach (var milliseconds in Enumerable.Range(1, 200).Reverse())
        {
            latencies.Add(TimeSpan.FromMilliseconds(milliseconds));
        }

        latencies.Percentile(50).ShouldBe(100);
        latencies.Percentile(99).ShouldBe(198);
        latencies.Percentile(100).ShouldBe(200);
        latencies.Percentile(0).ShouldBe(1);
        new Latencies().Percentile(50).ShouldBe(double.NaN);
    }

    [Fact]
    public async Task Whoever_comes_while_the_server_stalls_is_counted_with_the_whole_wait()
    {
        // A server that does one thing at a time and hangs in the first: the generator goes on asking, and each later call waits less.
        using var server = new SemaphoreSlim(1, 1);
        var stall = TimeSpan.FromMilliseconds(500);

        var load = await Load.AtRateAsync(100, TimeSpan.FromSeconds(1), async (number, cancellation) =>
        {
            await server.WaitAsync(cancellation);
            await Task.Delay(number == 0 ? stall : TimeSpan.Zero, cancellation);
            server.Release();
        }, TestContext.Current.CancellationToken);

        load.Latencies.Count.ShouldBe(100);
        load.Failed.ShouldBe(0);

        // Half of a second of a hundred a second has waited for a quarter of a second on average. A closed client would have seen one.
        load.Latencies.Percentile(75).ShouldBeGreaterThan(150);
        load.Latencies.Percentile(100).ShouldBeGreaterThanOrEqualTo(stall.TotalMilliseconds * 0.95);
    }

    [Fact]
    public async Task Failures_are_counted_by_what_they_said_and_have_no_latency()
    {
        var load = await Load.AtMostAsync(4, TimeSpan.FromMilliseconds(200), async (number, cancellation) =>
        {
            await Task.Delay(1, cancellation);
            if (number % 2 == 0)
            {
                throw new HttpRequestException("refused");
            }
        }, TestContext.Current.CancellationToken);

        load.Failures.ShouldHaveSingleItem().Key.ShouldBe("refused");
        load.Failed.ShouldBeInRange(1, load.Latencies.Count + 4);
    }
}

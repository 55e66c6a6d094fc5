using Argosy.Testing;
using Dapper;
using Microsoft.Data.Sqlite;

namespace Argosy.Performance;

/// <summary>What a long history costs: the same work on a fleet with more and more orders behind it. Nothing may grow but the files.</summary>
internal sealed class GrowthFigures(BenchOptions options)
{
    private const double SteadyRate = 50;
    private static readonly TimeSpan SettleWithin = TimeSpan.FromSeconds(30);

    public async IAsyncEnumerable<Figure> MeasureAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        // 1. What one order leaves behind, learned from one that was really made.
        var data = Directory.CreateTempSubdirectory("argosy-bench-").FullName;
        try
        {
            await LiveAsync(data, cancellation);
            var history = await History.LearnAsync(Path.Combine(data, "services"), () => LiveAsync(data, cancellation));

            // 2. The same figures at each length; more of them is worse, and the first length is the measure.
            Measured? first = null;
            foreach (var orders in options.Histories)
            {
                history.GrowTo(orders, cancellation);
                var now = await MeasureAsync(data, cancellation);
                first ??= now;
                var with = $"with {orders:N0} orders behind it";
                yield return new Figure($"{with}: files", $"{now.Files / 1e6:N0} MB");
                yield return new Figure($"{with}: warm start", $"{now.Start:N1} s", "as at first", first.Start / now.Start);
                yield return new Figure($"{with}: maximum", $"{now.PerSecond:N0} /s", "as at first", now.PerSecond / first.PerSecond);
                yield return new Figure($"{with}: processor time per order", $"{now.Processor:N1} ms", "as at first", first.Processor / now.Processor);
                yield return new Figure($"{with}: at 50/s, p50", $"{now.Half:N0} ms", "as at first", first.Half / now.Half);
                yield return new Figure($"{with}: at 50/s, p99", $"{now.Slowest:N0} ms", "as at first", first.Slowest / now.Slowest);
                yield return new Figure($"{with}: memory (PSS)", $"{now.Memory / 1e6:N0} MB", "as at first", first.Memory / now.Memory);
            }
        }
        finally
        {
            Directory.Delete(data, recursive: true);
        }
    }

    private async Task<Measured> MeasureAsync(string data, CancellationToken cancellation)
    {
        var fleet = await FleetUnderTest.StartAsync(data, cancellation);
        try
        {
            using var shop = await Shop.OpenAsync(fleet, cancellation);
            await shop.CarryAsync(options.WarmUp, options.Clients, cancellation);
            var before = fleet.ProcessorTime().Values.Sum();
            var perSecond = await shop.CarryAsync(options.Orders / 2, options.Clients, cancellation);
            var processor = (fleet.ProcessorTime().Values.Sum() - before) / (options.Orders / 2.0);
            var steady = await Load.AtRateAsync(SteadyRate, options.Duration / 2, shop.PlaceAndFollowAsync, cancellation);
            var files = Directory.GetFiles(Path.Combine(data, "services"), "*.db*", SearchOption.AllDirectories).Sum(f => new FileInfo(f).Length);
            return new Measured(
                fleet.StartedWithin.TotalSeconds, perSecond, processor, steady.Latencies.Percentile(50), steady.Latencies.Percentile(99),
                fleet.Memory().Values.Sum(), files);
        }
        finally
        {
            await fleet.StopAsync();
        }
    }

    // One new customer, one order, and everything that comes of it, its mail included.
    private static async Task LiveAsync(string data, CancellationToken cancellation)
    {
        var fleet = await FleetUnderTest.StartAsync(data, cancellation);
        try
        {
            using var shop = await Shop.OpenAsync(fleet, cancellation, customers: 1);
            await shop.PlaceAndFollowAsync(0, cancellation);
            await Eventually.HoldsAsync(
                async () =>
                {
                    await using var mails = new SqliteConnection($"Data Source={fleet.DatabaseOf("notification-service")};Mode=ReadOnly;Pooling=false");
                    return await mails.ExecuteScalarAsync<long>("select count(*) from delivery where state <> 'sent'") == 0
                        && await mails.ExecuteScalarAsync<long>("select count(*) from delivery") > 0;
                },
                "the mail about the order was sent",
                SettleWithin);
        }
        finally
        {
            await fleet.StopAsync();
        }
    }

    private sealed record Measured(double Start, double PerSecond, double Processor, double Half, double Slowest, double Memory, long Files);
}

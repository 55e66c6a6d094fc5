using Argosy.Testing;

namespace Argosy.Performance;

/// <summary>The same orders on a fleet of each set of engines, one after the other.</summary>
internal sealed class FleetFigures(BenchOptions options)
{
    private const string What = "orders carried through all three steps";
    private const int Share = 2;        // half of what the maximum is measured with: there are three fleets

    public async IAsyncEnumerable<Figure> MeasureAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        var embedded = await CarryAsync(cancellation);
        yield return new Figure($"{What}, embedded", $"{embedded:N0} /s");

        var hasPostgres = await PostgresServer.FindAsync() is not null;
        yield return await AgainstAsync("PostgreSQL", hasPostgres, "postgresql");
        yield return await AgainstAsync("PostgreSQL, RabbitMQ and Redis", hasPostgres && await RabbitServer.InstalledAsync() && await RedisServer.FindAsync() is not null, "all");

        async Task<Figure> AgainstAsync(string title, bool installed, string engines)
        {
            if (!installed)
            {
                return new Figure($"{What}, {title}", "not all of it is installed: left out", "against embedded");
            }

            var rate = await CarryAsync(cancellation, "--engines", engines);
            return new Figure($"{What}, {title}", $"{rate:N0} /s", "against embedded", rate / embedded);
        }
    }

    private async Task<double> CarryAsync(CancellationToken cancellation, params string[] engines)
    {
        await using var fleet = await FleetUnderTest.StartAsync(null, cancellation, engines);
        using var shop = await Shop.OpenAsync(fleet, cancellation);
        await shop.CarryAsync(options.WarmUp / Share, options.Clients, cancellation);
        return await shop.CarryAsync(options.Orders / Share, options.Clients, cancellation);
    }
}

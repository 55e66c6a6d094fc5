using Argosy.Chassis.Postgres;
using Argosy.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Argosy.Performance;

/// <summary>
/// The write path on PostgreSQL, against as many clients of pgbench that insert one row a transaction: on the same server, in turns.
/// The chassis gathers what its callers write; whether that pays for all that an append does besides is the question.
/// </summary>
internal sealed class AppendFigures(BenchOptions options)
{
    private const int Most = 32;
    private const int Batch = 10;
    private static readonly int[] Callers = [1, 8, Most];

    public async IAsyncEnumerable<Figure> MeasureAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        if (await PostgresServer.FindAsync() is not { } programs || Pgbench.Find(programs) is not { } program)
        {
            yield return new Figure("PostgreSQL, appends against pgbench", "PostgreSQL with pgbench isn't installed: left out", "≥ 1× pgbench");
            yield break;
        }

        await using var server = await PostgresServer.StartAsync(programs);
        var address = PostgresAddress.Parse(await server.CreateDatabaseAsync("bench"), out _)!;
        await using var store = PostgresStore.Open(address, "bench", TimeProvider.System, NullLogger<PostgresStore>.Instance);
        await store.MigrateAsync([], cancellation);
        var pgbench = await Pgbench.PrepareAsync(program, server);
        var duration = options.Duration / 10;
        foreach (var callers in Callers)
        {
            var rates = await Turns.MeasureAsync(new Dictionary<string, Func<Task<double>>>(StringComparer.Ordinal)
            {
                ["pgbench"] = () => pgbench.InsertsAsync(callers, duration, cancellation),
                ["one"] = () => Appends.MeasureAsync(store, callers, 1, duration, cancellation),
                ["ten"] = () => Appends.MeasureAsync(store, callers, Batch, duration, cancellation),
            });
            yield return new Figure($"pgbench, plain inserts, {Count(callers, "client")}", $"{rates["pgbench"]:N0} /s");
            yield return new Figure(
                $"PostgreSQL, appends of one event, {Count(callers, "caller")}", $"{rates["one"]:N0} events/s", callers == Most ? "≥ 1× pgbench" : "against pgbench", rates["one"] / rates["pgbench"]);
            yield return new Figure($"PostgreSQL, appends of {Batch} events, {Count(callers, "caller")}", $"{rates["ten"]:N0} events/s", "against pgbench", rates["ten"] / rates["pgbench"]);
        }
    }

    private static string Count(int count, string what) => count == 1 ? $"one {what}" : $"{count} {what}s";
}

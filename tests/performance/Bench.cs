using System.Globalization;
using System.Runtime.InteropServices;

namespace Argosy.Performance;

/// <summary>How much to measure.</summary>
internal sealed record BenchOptions
{
    /// <summary>Of each run at a fixed rate; shorter parts take a fixed share of it.</summary>
    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Orders before anything is measured.</summary>
    public int WarmUp { get; init; } = 3_000;

    /// <summary>Orders of the maximum.</summary>
    public int Orders { get; init; } = 6_000;

    /// <summary>Clients that submit as fast as they are answered.</summary>
    public int Clients { get; init; } = 128;

    /// <summary>Messages of one round over a bus.</summary>
    public int Messages { get; init; } = 30_000;

    /// <summary>Orders in the databases, for what a long history costs.</summary>
    public IReadOnlyList<int> Histories { get; init; } = [1_000, 100_000, 1_000_000];

    public static BenchOptions Quick { get; } = new() { Duration = TimeSpan.FromSeconds(3), WarmUp = 200, Orders = 400, Messages = 3_000, Histories = [100, 1_000, 10_000] };
}

/// <summary>Runs the groups of figures one after the other and prints each as soon as it is known.</summary>
internal static class Bench
{
    public static async Task<int> RunAsync(BenchOptions options, string? only, TextWriter output, CancellationToken cancellation)
    {
        await output.WriteLineAsync($"{RuntimeInformation.OSDescription}, {RuntimeInformation.FrameworkDescription}, {Environment.ProcessorCount} processors, {Processor()}");
        await output.WriteLineAsync("embedded defaults, synchronous=FULL, load generator on the same machine\n");
        await output.WriteLineAsync("| what | measured | budget | ratio |\n| --- | --- | --- | --- |");
        foreach (var (name, figures) in Groups(options, cancellation))
        {
            if (only is not null && only != name)
            {
                continue;
            }

            await foreach (var figure in figures)
            {
                var ratio = figure.Ratio is { } r ? r.ToString("N2", CultureInfo.InvariantCulture) : "";
                await output.WriteLineAsync($"| {figure.What} | {figure.Measured} | {figure.Budget} | {ratio} |");
            }
        }

        return 0;
    }

    private static IEnumerable<(string Name, IAsyncEnumerable<Figure> Figures)> Groups(BenchOptions options, CancellationToken cancellation) =>
    [
        ("orders", new OrderFigures(options).MeasureAsync(cancellation)),
        ("store", new StoreFigures(options).MeasureAsync(cancellation)),
        ("gateway", new GatewayFigures(options).MeasureAsync(cancellation)),
        ("identity", new IdentityFigures(options).MeasureAsync(cancellation)),
        ("overload", new OverloadFigures(options).MeasureAsync(cancellation)),
        ("engines", new EngineFigures(options).MeasureAsync(cancellation)),
        ("growth", new GrowthFigures(options).MeasureAsync(cancellation)),
    ];

    private static string Processor()
    {
        const string Information = "/proc/cpuinfo";
        var line = File.Exists(Information) ? File.ReadLines(Information).FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal)) : null;
        return line?.Split(':', 2)[1].Trim() ?? RuntimeInformation.ProcessArchitecture.ToString();
    }
}

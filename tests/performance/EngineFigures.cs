namespace Argosy.Performance;

/// <summary>What real servers carry in place of what is embedded, each against what it would be without Argosy. Those that aren't installed are left out.</summary>
internal sealed class EngineFigures(BenchOptions options)
{
    public IAsyncEnumerable<Figure> MeasureAsync(CancellationToken cancellation) =>
        new AppendFigures(options).MeasureAsync(cancellation)
            .Concat(new BusFigures(options).MeasureAsync(cancellation))
            .Concat(new FleetFigures(options).MeasureAsync(cancellation));
}

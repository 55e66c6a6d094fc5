using Argosy.Chassis.RabbitMq;
using Argosy.Testing;

namespace Argosy.Performance;

/// <summary>Messages from a commit of their sender to a commit of their receiver, both on files; over RabbitMQ against its client alone, in turns.</summary>
internal sealed class BusFigures(BenchOptions options)
{
    private const double AgainstRaw = 0.4;
    private const string Host = "bench";

    public async IAsyncEnumerable<Figure> MeasureAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        var push = await PushAsync(cancellation);
        yield return new Figure("bus by push, HTTP to a Kestrel on loopback, outbox to inbox", $"{push:N0} messages/s");
        if (!await RabbitServer.InstalledAsync())
        {
            yield return new Figure("bus on RabbitMQ against the raw client", "RabbitMQ isn't installed: left out", $"≥ {AgainstRaw}×");
            yield break;
        }

        var rates = await RabbitAsync(cancellation);
        yield return new Figure("RabbitMQ's client alone, confirmed and acknowledged", $"{rates["raw"]:N0} messages/s");
        yield return new Figure("bus on RabbitMQ, outbox to inbox", $"{rates["bus"]:N0} messages/s");
        yield return new Figure("bus on RabbitMQ against the raw client", $"{rates["bus"] / rates["raw"]:N2}×", $"≥ {AgainstRaw}×", rates["bus"] / rates["raw"] / AgainstRaw);
    }

    private async Task<double> PushAsync(CancellationToken cancellation)
    {
        var keys = Directory.CreateTempSubdirectory("argosy-bench-keys-").FullName;
        try
        {
            await using var pair = await BusPair.OpenAsync(ends =>
            {
                BusLinks.WriteKeys(keys, ends.Sender.Service, ends.Receiver.Service);
                return BusLinks.Push(ends, keys);
            }, cancellation);
            var rates = await Turns.MeasureAsync(new Dictionary<string, Func<Task<double>>>(StringComparer.Ordinal)
            {
                ["push"] = () => pair.CarryAsync(options.Messages, cancellation),
            });
            return rates["push"];
        }
        finally
        {
            Directory.Delete(keys, recursive: true);
        }
    }

    private async Task<IReadOnlyDictionary<string, double>> RabbitAsync(CancellationToken cancellation)
    {
        await using var server = await RabbitServer.StartAsync();
        await server.AddHostAsync(Host);
        var address = server.AddressOf(Host);
        await using var pair = await BusPair.OpenAsync(ends => BusLinks.Rabbit(ends, RabbitUrl.Parse(address, out _)!), cancellation);
        var (properties, body) = Wire.Write(await pair.SampleAsync(cancellation));
        await using var raw = await RawRabbit.OpenAsync(new Uri(address), cancellation);
        return await Turns.MeasureAsync(new Dictionary<string, Func<Task<double>>>(StringComparer.Ordinal)
        {
            ["raw"] = () => raw.CarryAsync(options.Messages, properties, body, cancellation),
            ["bus"] = () => pair.CarryAsync(options.Messages, cancellation),
        });
    }
}

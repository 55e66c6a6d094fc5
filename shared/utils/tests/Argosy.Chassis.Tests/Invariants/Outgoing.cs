using System.Collections.Concurrent;
using System.Net;
using Argosy.Chassis.Messaging;
using Argosy.Chassis.Messaging.Wire;
using Argosy.Chassis.Store;
using Argosy.Contracts.Inventory.V1;
using Microsoft.Extensions.Logging.Abstractions;

namespace Argosy.Chassis.Tests.Invariants;

/// <summary>The other end of a relay: writes down what arrives, and lets each batch wait as long as it likes.</summary>
internal sealed class Outgoing(Func<int, Task>? hold = null) : HttpMessageHandler
{
    private readonly ConcurrentQueue<string> _heard = new();
    private int _batches;

    /// <summary>Ids in the order of their arrival.</summary>
    public IReadOnlyCollection<string> Heard => _heard;

    public static Subscriber To(string name) => new(name, new Uri($"http://{name}"), ["argosy.inventory.v1.StockReserved"]);

    public static PushRelay Relay(IStore store, Subscriber subscriber, HttpMessageHandler handler, TimeProvider? time = null) => new(
        "inventory-service", subscriber, store, new HttpMessageInvoker(handler), _ => "token", time ?? TimeProvider.System, new Random(1), NullLogger.Instance);

    /// <summary>Publishes messages, each in a commit of its own, and gives their ids.</summary>
    public static async Task<IReadOnlyList<string>> PublishAsync(Desk desk, int count, string cause)
    {
        for (var i = 0; i < count; i++)
        {
            var work = desk.Work($"{cause}/{i}");
            work.Publish(new StockReserved { OrderId = $"order-{i % 5}" });
            (await desk.Store.CommitAsync(work)).Ensure();
        }

        return await desk.Store.QueryAsync<string>("select id from bus_outbox order by seq");
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var batch = CloudEventBatch.Parser.ParseFrom(await request.Content!.ReadAsByteArrayAsync(cancellationToken));
        await (hold?.Invoke(Interlocked.Increment(ref _batches)) ?? Task.CompletedTask);
        foreach (var message in batch.Events)
        {
            _heard.Enqueue(message.Id);
        }

        return new HttpResponseMessage(HttpStatusCode.OK) { Content = new StringContent("") };
    }
}

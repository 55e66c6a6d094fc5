using Argosy.Chassis;
using Argosy.Chassis.Store;
using Argosy.Contracts.Common.V1;
using Argosy.Contracts.Inventory.V1;
using Argosy.Contracts.Order.V1;
using Argosy.Testing;
using Microsoft.Extensions.DependencyInjection;
using Money = Argosy.Chassis.Money;

namespace Argosy.Inventory.Tests;

internal sealed record Books(long PutIn, long Available, long Reserved, long Sold);

/// <summary>The service's handlers on a real database, and the sentences that tests say to them.</summary>
internal sealed class Shop(MessageBench bench) : IAsyncDisposable
{
    public MessageBench Bench => bench;

    public static async Task<Shop> OpenAsync() =>
        new(await MessageBench.OpenAsync("inventory-service", typeof(Items).Assembly, services => services.AddSingleton<Items>(), typeof(InventoryMessages)));

    /// <summary>Creates the item, or says how many of it are to be available.</summary>
    public async Task StockAsync(string sku, long available)
    {
        var items = bench.Services.GetRequiredService<Items>();
        var known = await items.FindAsync(sku, default);
        var item = new PutItem($"The {sku}", new Money(1000, "EUR"), available);
        await bench.CommitAsync(work =>
        {
            if (known is null)
            {
                items.Create(work, sku, item);
            }
            else
            {
                items.Change(work, known, item);
            }
        });
    }

    public Task ReserveAsync(string order, string? id, params (string Sku, int Quantity)[] lines) => bench.DeliverAsync(
        new ReserveStock { OrderId = order, Lines = { lines.Select(line => new Line { Sku = line.Sku, Quantity = line.Quantity }) } }, id);

    public Task ReleaseAsync(string order, string? id = null) => bench.DeliverAsync(new ReleaseStock { OrderId = order }, id);

    public Task ShipAsync(string order, string? id = null) => bench.DeliverAsync(new OrderShipped { OrderId = order, CustomerId = "customer-1", TrackingNumber = "AR1" }, id);

    public async Task<Books> BooksAsync(string sku) => (await bench.Store.FirstOrDefaultAsync<Books>(
        "select put_in as PutIn, available as Available, reserved as Reserved, sold as Sold from stock where sku = @sku", new { sku }))!;

    public async Task<int> CountAsync<T>(string order) where T : class, Google.Protobuf.IMessage<T>, new() =>
        (await bench.PublishedAsync<T>()).Count(message => (string)message.Descriptor.Fields[1].Accessor.GetValue(message) == order);

    public ValueTask DisposeAsync() => bench.DisposeAsync();
}

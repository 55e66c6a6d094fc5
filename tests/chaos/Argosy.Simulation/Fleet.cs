using System.Collections.Frozen;
using Argosy.Chassis.Caching;
using Argosy.Inventory;
using Argosy.Orders;
using Argosy.Payments;
using Argosy.Shipping;
using Microsoft.Extensions.Logging.Abstractions;

namespace Argosy.Simulation;

/// <summary>The disks of the four services of the checkout, made once and wiped between stories.</summary>
internal sealed class Fleet : IAsyncDisposable
{
    private readonly Dictionary<string, Disk> _disks;

    private Fleet(Dictionary<string, Disk> disks) => _disks = disks;

    public static async Task<Fleet> MakeAsync() => new(new Dictionary<string, Disk>(StringComparer.Ordinal)
    {
        [World.Orders] = await Disk.MakeAsync(typeof(Checkout).Assembly),
        [World.Inventory] = await Disk.MakeAsync(typeof(InventoryMessages).Assembly),
        [World.Payments] = await Disk.MakeAsync(typeof(PaymentMessages).Assembly),
        [World.Shipping] = await Disk.MakeAsync(typeof(ShipmentMessages).Assembly),
    });

    /// <summary>The services of a new world, as their Program.cs composes them, without HTTP.</summary>
    public async Task<IReadOnlyList<Service>> FoundAsync(World world)
    {
        foreach (var disk in _disks.Values)
        {
            await disk.WipeAsync();
        }

        return
        [
            new Service(World.Orders, _disks[World.Orders], world, (store, _, _) => new Parts([new OrderMessages(store)], [Checkout.Saga], [])),
            new Service(World.Inventory, _disks[World.Inventory], world, (store, time, _) =>
            {
                var items = new Items(store, new TwoLevelCache(new NoSharedCache(), new CacheOptions(), time, NullLogger<TwoLevelCache>.Instance));
                return new Parts([new InventoryMessages(store, items, NullLogger<InventoryMessages>.Instance)], [], []);
            }),
            new Service(World.Payments, _disks[World.Payments], world, (store, time, life) =>
            {
                var options = new PaymentOptions(new Uri("http://provider"), "sk_test", [], TimeSpan.FromSeconds(5), 8);
                var worker = new PaymentWorker(store, new StripeAdapter(world.Provider.ClientOf(life), options), options, time, NullLogger<PaymentWorker>.Instance);
                return new Parts([new PaymentMessages(store, worker)], [], [worker]);
            }),
            new Service(World.Shipping, _disks[World.Shipping], world, (store, _, _) =>
                new Parts([new ShipmentMessages(new Shipments(store), new ShippingOptions(FrozenSet.Create(StringComparer.Ordinal, "DE")))], [], [])),
        ];
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var disk in _disks.Values)
        {
            await disk.DisposeAsync();
        }
    }
}

using Argosy.Chassis;
using Argosy.Chassis.Caching;
using Argosy.Chassis.Hosting;
using Argosy.Chassis.Store;
using Argosy.Contracts.Inventory.V1;
using Wire = Argosy.Contracts.Common.V1;

namespace Argosy.Inventory;

/// <summary>An item with its stock, as it lies in the tables.</summary>
internal sealed record ItemRow(string Sku, string Name, long Price, string Currency, long Version, long Available, long Reserved, long Sold)
{
    public ItemView ToView(bool forAdmin) =>
        new(Sku, Name, new Money(Price, Currency), Available, forAdmin ? Reserved : null, forAdmin ? Sold : null);
}

/// <summary>
/// The catalogue: what is sold, at which price, and how much of it there is. What is only shown comes out of the cache; what somebody
/// decides by is read from the books.
/// </summary>
internal sealed class Items(IStore store, TwoLevelCache cache)
{
    private const string Pages = "items";

    private const string Select =
        """
        select i.sku as Sku, i.name as Name, i.price as Price, i.currency as Currency, i.version as Version,
               s.available as Available, s.reserved as Reserved, s.sold as Sold
        from item i join stock s on s.sku = i.sku
        """;

    /// <summary>An item to be shown.</summary>
    public ValueTask<ItemRow?> ShowAsync(string sku, Freshness freshness, CancellationToken cancellation) => cache.GetOrCreateAsync(
        KeyOf(sku), (Items: this, Sku: sku), static (ask, ct) => new ValueTask<ItemRow?>(ask.Items.FindAsync(ask.Sku, ct)), freshness.Options, tags: null, cancellation);

    /// <summary>A page to be shown. Only first pages are kept: where a cursor may point, strangers choose.</summary>
    public ValueTask<IReadOnlyList<ItemRow>> ShowPageAsync(Paging paging, Freshness freshness, CancellationToken cancellation) => paging.After is { } after
        ? new(ListAsync(after, paging.Take, cancellation))
        : cache.GetOrCreateAsync(
            $"{Pages}:{paging.Take}", (Items: this, paging.Take), static (ask, ct) => new ValueTask<IReadOnlyList<ItemRow>>(ask.Items.ListAsync(null, ask.Take, ct)),
            freshness.Options, [Pages], cancellation);

    /// <summary>The item as it is in the books.</summary>
    public Task<ItemRow?> FindAsync(string sku, CancellationToken cancellation) =>
        store.FirstOrDefaultAsync<ItemRow>($"{Select} where i.sku = @sku", new { sku }, cancellation);

    /// <summary>Items by their sku, after a given one.</summary>
    public Task<IReadOnlyList<ItemRow>> ListAsync(string? after, int limit, CancellationToken cancellation) =>
        store.QueryAsync<ItemRow>($"{Select} where i.sku > @after order by i.sku limit @limit", new { after = after ?? "", limit = (long)limit }, cancellation);

    /// <summary>A new item; where somebody else has made it meanwhile, the write set is in conflict.</summary>
    public void Create(WriteSet work, string sku, PutItem item)
    {
        work.Execute(
            "insert into item (sku, name, price, currency, version) values (@sku, @name, @price, @currency, 1) on conflict (sku) do nothing",
            new { sku, name = item.Name, price = item.Price.Amount, currency = item.Price.Currency }, rows: 1);
        work.Execute("insert into stock (sku, put_in, available, reserved, sold) values (@sku, @stock, @stock, 0, 0)", new { sku, stock = item.Stock }, rows: 1);
        Announce(work, sku, item);
        Changed(work, sku);
    }

    /// <summary>
    /// Changes an item that is as <paramref name="known"/> was read. Orders go on meanwhile: the statement sets what is available and
    /// books the difference as put in (or taken out), whatever is available at the commit.
    /// </summary>
    public void Change(WriteSet work, ItemRow known, PutItem item)
    {
        work.Execute(
            "update item set name = @name, price = @price, currency = @currency, version = version + 1 where sku = @sku and version = @version",
            new { sku = known.Sku, name = item.Name, price = item.Price.Amount, currency = item.Price.Currency, version = known.Version }, rows: 1);
        work.Execute("update stock set put_in = put_in + @stock - available, available = @stock where sku = @sku", new { sku = known.Sku, stock = item.Stock }, rows: 1);
        if (item.Name != known.Name || item.Price != new Money(known.Price, known.Currency))
        {
            Announce(work, known.Sku, item);
        }

        Changed(work, known.Sku);
    }

    /// <summary>What is shown of the item is outdated when the write set is in: its stock counts, too.</summary>
    public void Changed(WriteSet work, string sku) => work.OnCommitted(() =>
    {
        cache.Forget(KeyOf(sku));
        cache.Forget(Pages);
    });

    private static string KeyOf(string sku) => $"item:{sku}";

    private static void Announce(WriteSet work, string sku, PutItem item) => work.Publish(new ItemPriced
    {
        Sku = sku,
        Name = item.Name,
        Price = new Wire.Money { Amount = item.Price.Amount, Currency = item.Price.Currency },
    });
}

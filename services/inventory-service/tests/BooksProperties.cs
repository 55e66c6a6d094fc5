using Argosy.Chassis.Store;
using FsCheck;
using FsCheck.Fluent;
using Shouldly;
using Xunit;
using Property = Argosy.Chassis.Tests.Property;

namespace Argosy.Inventory.Tests;

/// <summary>Whatever orders, undoes, parcels and administrators do, in whatever order and however often: the books add up.</summary>
public sealed class BooksProperties
{
    private static readonly string[] Skus = ["a", "b", "c"];
    private static readonly string[] Orders = ["o1", "o2", "o3", "o4", "o5"];

    // Message ids come from a small set, so that many messages are repeats of earlier ones.
    private static readonly Gen<Act> Acts = Gen.Frequency(
        (5, from order in Gen.Elements(Orders) from id in Gen.Choose(1, 6) from one in Line from two in Line select (Act)new Reserve(order, id, one, two)),
        (2, from order in Gen.Elements(Orders) from id in Gen.Choose(1, 4) select (Act)new Release(order, id)),
        (2, from order in Gen.Elements(Orders) from id in Gen.Choose(1, 4) select (Act)new Ship(order, id)),
        (1, from sku in Gen.Elements(Skus) from stock in Gen.Choose(0, 8) select (Act)new Restock(sku, stock)));

    private static Gen<(string Sku, int Quantity)> Line => from sku in Gen.Elements(Skus) from quantity in Gen.Choose(1, 4) select (sku, quantity);

    [Fact]
    public void Available_reserved_and_sold_are_what_was_put_in_whatever_happens() =>
        Property.Holds(Acts.ListOf().Resize(40).ToArbitrary(), acts => HoldsAsync([.. acts]), 40);

    private static async Task<bool> HoldsAsync(List<Act> acts)
    {
        await using var shop = await Shop.OpenAsync();
        var model = new Model();
        foreach (var sku in Skus)
        {
            await shop.StockAsync(sku, 5);
            model.Restock(new Restock(sku, 5));
        }

        foreach (var act in acts)
        {
            await PlayAsync(shop, act);
            model.Play(act);
            foreach (var sku in Skus)
            {
                (await shop.BooksAsync(sku)).ShouldBe(model.Of(sku), $"books of {sku} after {act}");
            }
        }

        var held = await shop.Bench.Store.QueryAsync<Held>("select sku as Sku, quantity as Quantity from reservation where state = 'reserved'");
        Skus.ShouldAllBe(sku => held.Where(line => line.Sku == sku).Sum(line => line.Quantity) == model.Of(sku).Reserved);
        (await shop.Bench.ParkedAsync()).ShouldBeEmpty();
        return true;
    }

    private static Task PlayAsync(Shop shop, Act act) => act switch
    {
        Reserve a => shop.ReserveAsync(a.Order, $"reserve-{a.Order}-{a.Id}", a.One, a.Two),
        Release a => shop.ReleaseAsync(a.Order, $"release-{a.Order}-{a.Id}"),
        Ship a => shop.ShipAsync(a.Order, $"ship-{a.Order}-{a.Id}"),
        Restock a => shop.StockAsync(a.Sku, a.Stock),
        _ => throw new InvalidOperationException(),
    };

    private sealed record Held(string Sku, long Quantity);

    private abstract record Act;

    private sealed record Reserve(string Order, int Id, (string Sku, int Quantity) One, (string Sku, int Quantity) Two) : Act;

    private sealed record Release(string Order, int Id) : Act;

    private sealed record Ship(string Order, int Id) : Act;

    private sealed record Restock(string Sku, int Stock) : Act;

    /// <summary>The same rules once more, as simply as can be: what each order holds, and how.</summary>
    private sealed class Model
    {
        private readonly Dictionary<string, Books> _books = [];
        private readonly Dictionary<string, (string State, Dictionary<string, long> Lines)> _orders = [];
        private readonly HashSet<string> _seen = [];

        public Books Of(string sku) => _books[sku];

        public void Play(Act act)
        {
            switch (act)
            {
                case Restock restock:
                    Restock(restock);
                    break;
                case Reserve a when _seen.Add($"reserve-{a.Order}-{a.Id}"):
                    Reserve(a);
                    break;
                case Release a when _seen.Add($"release-{a.Order}-{a.Id}"):
                    Move(a.Order, "released", (b, n) => b with { Available = b.Available + n, Reserved = b.Reserved - n });
                    break;
                case Ship a when _seen.Add($"ship-{a.Order}-{a.Id}"):
                    Move(a.Order, "sold", (b, n) => b with { Sold = b.Sold + n, Reserved = b.Reserved - n });
                    break;
                default:
                    break;      // a repeat
            }
        }

        public void Restock(Restock act)
        {
            var before = _books.GetValueOrDefault(act.Sku, new Books(0, 0, 0, 0));
            _books[act.Sku] = before with { Available = act.Stock, PutIn = before.PutIn + act.Stock - before.Available };
        }

        private void Reserve(Reserve act)
        {
            var lines = new[] { act.One, act.Two }.GroupBy(line => line.Sku).ToDictionary(same => same.Key, same => same.Sum(line => (long)line.Quantity));
            if (_orders.ContainsKey(act.Order) || lines.Any(line => _books[line.Key].Available < line.Value))
            {
                return;
            }

            _orders[act.Order] = ("reserved", lines);
            foreach (var (sku, n) in lines)
            {
                _books[sku] = _books[sku] with { Available = _books[sku].Available - n, Reserved = _books[sku].Reserved + n };
            }
        }

        private void Move(string order, string to, Func<Books, long, Books> change)
        {
            if (!_orders.TryGetValue(order, out var held) || held.State != "reserved")
            {
                return;
            }

            _orders[order] = (to, held.Lines);
            foreach (var (sku, n) in held.Lines)
            {
                _books[sku] = change(_books[sku], n);
            }
        }
    }
}

using Argosy.Chassis;
using Argosy.Orders;

namespace Argosy.Simulation;

/// <summary>What a customer and the carrier do about one order, and when.</summary>
/// <param name="Country">A parcel goes to DE; to anywhere else shipping refuses it.</param>
/// <param name="CancelAt">When the customer wants out; null where they don't.</param>
/// <param name="DispatchAt">When the carrier comes for the parcel; null where nobody does.</param>
internal sealed record OrderPlan(
    string Cause, IReadOnlyList<OrderLine> Lines, string Token, string Country, TimeSpan PlaceAt, TimeSpan? CancelAt, TimeSpan? DispatchAt)
{
    /// <summary>As the write set of its request will call it.</summary>
    public string Id => Ids.From($"{Cause}/0");

    public long Total => Lines.Sum(line => line.Price.Amount * line.Quantity);

    public override string ToString() =>
        $"order {Id}: {string.Join(", ", Lines.Select(line => $"{line.Quantity} {line.Sku}"))}, {Token}, to {Country}, at {PlaceAt.TotalSeconds:0.000} s"
        + $"{(CancelAt is { } c ? $", cancelled at {c.TotalSeconds:0.000} s" : "")}{(DispatchAt is { } d ? $", collected at {d.TotalSeconds:0.000} s" : "")}";
}

/// <summary>What a story is about, before anything goes wrong: drawn from its seed.</summary>
/// <param name="Stock">What lies on the shelves; often not enough for everybody.</param>
/// <param name="Turns">How many turns the world is bad for, at most.</param>
internal sealed record Plan(IReadOnlyList<OrderPlan> Orders, IReadOnlyDictionary<string, long> Stock, Faults Faults, int Turns)
{
    private static readonly string[] Tokens = ["tok_visa", "tok_visa", "tok_visa", "tok_declined", "tok_timeout", "tok_error_after_charge"];
    private static readonly string[] Countries = ["DE", "DE", "DE", "DE", "XX"];
    private static readonly (string Sku, long Price)[] Catalogue = [("tea", 1250), ("pot", 4900)];

    /// <summary>The plan that a story of this seed begins with.</summary>
    public static Plan OfSeed(int seed) => Draw(new Random(seed));

    public static Plan Draw(Random chance)
    {
        var faults = Faults.Draw(chance);
        var orders = Enumerable.Range(1, chance.Next(1, 4)).Select(i => DrawOrder(chance, i)).ToList();
        var stock = Catalogue.ToDictionary(item => item.Sku, _ => (long)chance.Next(0, 8), StringComparer.Ordinal);
        return new Plan(orders, stock, faults, chance.Next(100, 700));
    }

    private static OrderPlan DrawOrder(Random chance, int number)
    {
        var lines = Catalogue.Where(_ => chance.Next(3) > 0).DefaultIfEmpty(Catalogue[0])
            .Select(item => new OrderLine(item.Sku, item.Sku, chance.Next(1, 4), new Money(item.Price, "EUR"))).ToList();
        var at = TimeSpan.FromMilliseconds(chance.Next(0, 200));
        return new OrderPlan(
            $"request {number}", lines, Tokens[chance.Next(Tokens.Length)], Countries[chance.Next(Countries.Length)], at,
            chance.Next(3) == 0 ? at + Later(chance) : null, chance.Next(3) == 0 ? at + Later(chance) : null);
    }

    // In the midst of it, or long after.
    private static TimeSpan Later(Random chance) => TimeSpan.FromMilliseconds(chance.Next(2) == 0 ? chance.Next(1, 60) : chance.Next(60, 400_000));
}

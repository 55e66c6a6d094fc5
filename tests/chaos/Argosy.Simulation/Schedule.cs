using System.Text.Json;

namespace Argosy.Simulation;

/// <summary>What one customer and the carrier do about an order, of all that the seed has them do.</summary>
/// <param name="Order">The order's request, as the seed's plan calls it.</param>
internal sealed record Wish(string Order, bool Cancels, bool Collects);

/// <summary>
/// A story by name: its seed, and of all that goes wrong in it only this. The seed still decides whose turn is next.
/// </summary>
/// <param name="Law">The law that it breaks.</param>
/// <param name="Turns">After how many turns all heals.</param>
internal sealed record Schedule(int Seed, string Law, int Turns, IReadOnlyList<Wish> People, IReadOnlyList<Strike> Strikes)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true };

    /// <exception cref="FormatException">It is no schedule; the message says why.</exception>
    public static Schedule Read(string text)
    {
        try
        {
            var schedule = JsonSerializer.Deserialize<Schedule>(text, Json) ?? throw new FormatException("it is null");
            return schedule.Strikes.GroupBy(strike => (strike.Fault, strike.Where, strike.Nth)).FirstOrDefault(same => same.Count() > 1) is { } twice
                ? throw new FormatException($"{twice.Key.Fault}, {twice.Key.Where}, nth {twice.Key.Nth} is in it twice")
                : schedule;
        }
        catch (JsonException e)
        {
            throw new FormatException(e.Message, e);
        }
    }

    /// <summary>Who wants what, and what goes wrong, a line each.</summary>
    public override string ToString()
    {
        var people = Within(Plan.OfSeed(Seed)).Orders.Select(order => $"  {order}");
        return $"what is left of seed {Seed}, where all heals after {Turns} turns:\n{string.Join('\n', people.Concat(Strikes.Select(strike => $"  {strike}")))}";
    }

    public string Write() => JsonSerializer.Serialize(this, Json);

    /// <summary>Everything of a plan, with what struck.</summary>
    public static Schedule Of(int seed, string law, Plan plan, IReadOnlyList<Strike> struck) =>
        new(seed, law, plan.Turns, [.. plan.Orders.Select(order => new Wish(order.Cause, order.CancelAt is not null, order.DispatchAt is not null))], struck);

    /// <summary>What is left of a seed's plan.</summary>
    public Plan Within(Plan plan) => plan with
    {
        Turns = Turns,
        Orders = [.. from order in plan.Orders
                     join wish in People on order.Cause equals wish.Order
                     select order with { CancelAt = wish.Cancels ? order.CancelAt : null, DispatchAt = wish.Collects ? order.DispatchAt : null }],
    };
}

using Argosy.Chassis.Messaging;
using Argosy.Chassis.Store;

namespace Argosy.Simulation;

/// <summary>
/// One story. The protocol:
/// <list type="number">
/// <item>Draw a plan and a world from the seed, start the services.</item>
/// <item>Take turns while the world is bad: processes die, packets get lost, clocks jump, people change their minds.</item>
/// <item>Heal everything, and go on until nothing is left to do; time leaps to what is next.</item>
/// <item>Hold the laws against what is there.</item>
/// </list>
/// </summary>
internal sealed class World
{
    public const string Orders = "order-service";
    public const string Inventory = "inventory-service";
    public const string Payments = "payment-service";
    public const string Shipping = "shipping-service";
    private const int MostTurns = 60_000;

    private readonly Dictionary<string, Service> _services = new(StringComparer.Ordinal);

    private readonly Rest _rest;

    private World(int seed, Trace trace, Func<string, IStore, IStore>? sabotage, Misfortunes misfortunes)
    {
        Turns = new Turns(seed, trace);
        Misfortunes = misfortunes;
        Misfortunes.Begin(Turns);
        var drawn = Plan.Draw(Turns.Chance);
        Plan = misfortunes.Schedule?.Within(drawn) ?? drawn;
        Plan.Faults.Wild = misfortunes.Strike("any order", "all messages", drawn.Faults.Wild);
        Provider = new CardProvider(Turns, Plan.Faults, misfortunes);
        People = new People(this);
        _rest = new Rest(this);
        Sabotage = sabotage ?? ((_, store) => store);
    }

    public static IReadOnlyList<string> Names { get; } = [Orders, Inventory, Payments, Shipping];

    public Turns Turns { get; }

    public Plan Plan { get; }

    public Faults Faults => Plan.Faults;

    public Misfortunes Misfortunes { get; }

    public Ledger Ledger { get; } = new();

    public CardProvider Provider { get; }

    public People People { get; }

    /// <summary>What a test does to a service's way to its disk, to see that it is found out.</summary>
    public Func<string, IStore, IStore> Sabotage { get; }

    /// <summary>Tells the story of a seed to its end.</summary>
    /// <returns>How many turns it took.</returns>
    /// <exception cref="LawBrokenException">A law does not hold.</exception>
    public static async Task<int> TellAsync(int seed, Fleet fleet, Trace trace, Func<string, IStore, IStore>? sabotage = null, Misfortunes? misfortunes = null)
    {
        var world = new World(seed, trace, sabotage, misfortunes ?? new Misfortunes());
        foreach (var service in await fleet.FoundAsync(world))
        {
            world._services.Add(service.Name, service);
        }

        world.Run();
        return world.Turns.Taken;
    }

    public Service Find(string name) => _services[name];

    private void Run()
    {
        Begin();
        while (Turns.Taken < Plan.Turns && Go())
        {
            Misfortune();
        }

        Turns.Trace.Say(Turns, "world", "heals");
        Faults.Heal();
        Misfortunes.Heal();
        foreach (var service in _services.Values)
        {
            service.Heal();
        }

        while (Go())
        {
            if (Turns.Taken > MostTurns)
            {
                throw new LawBrokenException("it comes to rest", $"after {MostTurns} turns it goes on");
            }
        }

        Turns.Trace.Say(Turns, "world", "is at rest");
        new Laws(this).Hold();
    }

    private void Begin()
    {
        Turns.Trace.Say(Turns, "world", $"has {string.Join(", ", Plan.Stock.Select(item => $"{item.Value} {item.Key}"))}");
        Turns.Trace.Say(Turns, "world", $"has {Faults}");
        foreach (var order in Plan.Orders)
        {
            Turns.Trace.Say(Turns, "world", $"wants {order}");
        }

        Shelve();
        foreach (var service in _services.Values)
        {
            if (Misfortunes.Strike("clock off", service.Name, 0.25))
            {
                service.Skew = TimeSpan.FromMinutes(Misfortunes.Detail(Turns.Chance.Next(-60, 61)));
            }

            service.Start();
        }

        People.Begin();
    }

    // One turn; or, where nothing can run, time passes. False: nothing is left to do.
    private bool Go()
    {
        if (Turns.TakeOne())
        {
            return true;
        }

        _rest.Look();
        if (_rest.IsComplete)
        {
            return false;
        }

        // Idle services only look whether there is something to do, several times a second. Mostly time leaps over that.
        var leap = _rest.NextDue is not null && (_rest.IsDrained || Turns.Chance.Next(2) == 0) ? _rest.NextDue : null;
        return Turns.Wait(leap);
    }

    private void Misfortune()
    {
        if (Misfortunes.Strike("kill", "turns", Faults.Kills))
        {
            var away = Misfortunes.Detail(Turns.Chance.Next(4) > 0 ? Turns.Chance.Next(10, 3000) : 1000 * Turns.Chance.Next(10, 900));
            _services[Names[Misfortunes.Detail(Turns.Chance.Next(Names.Count))]].Kill(TimeSpan.FromMilliseconds(away));
        }

        if (Misfortunes.Strike("clock jump", "turns", Faults.Jumps))
        {
            var service = _services[Names[Misfortunes.Detail(Turns.Chance.Next(Names.Count))]];
            service.Skew = TimeSpan.FromMinutes(Misfortunes.Detail(Turns.Chance.Next(-60, 61)));
            Turns.Trace.Say(Turns, service.Name, $"finds its clock {service.Skew.TotalMinutes:0} min off");
        }
    }

    private void Shelve()
    {
        var work = new WriteSet(new MessageContext("shelves", Inventory, new MessageHeaders()), SimulatedTime.Beginning);
        foreach (var (sku, stock) in Plan.Stock)
        {
            work.Execute("insert into item (sku, name, price, currency, version) values (@sku, @sku, 1, 'EUR', 1)", new { sku });
            work.Execute("insert into stock (sku, put_in, available, reserved, sold) values (@sku, @stock, @stock, 0, 0)", new { sku, stock });
        }

        Find(Inventory).Disk.Store.CommitAsync(work).GetAwaiter().GetResult().Ensure();
    }
}

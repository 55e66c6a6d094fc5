namespace Argosy.Simulation;

/// <summary>What is left to do, as somebody sees it who may look at every disk: where time may leap to, and whether the story is over.</summary>
internal sealed class Rest(World world)
{
    private const string Parked = "select coalesce(due, 0) from bus_parked where state <> 'dead'";

    private static readonly Dictionary<string, string> Dues = new(StringComparer.Ordinal)
    {
        [World.Orders] = $"select due from saga_step where due is not null union all {Parked}",
        [World.Payments] = $"select due from provider_task union all {Parked}",
        [World.Inventory] = Parked,
        [World.Shipping] = Parked,
    };

    private readonly Dictionary<string, Seen> _seen = new(StringComparer.Ordinal);

    /// <summary>When something is due that is more than a look around.</summary>
    public TimeSpan? NextDue { get; private set; }

    /// <summary>Every relay has brought everything.</summary>
    public bool IsDrained { get; private set; }

    /// <summary>Nothing is left to do.</summary>
    public bool IsComplete { get; private set; }

    public void Look()
    {
        var (next, overdue, now) = (world.Turns.NextEvent?.Ticks ?? long.MaxValue, false, world.Turns.Now.Ticks);
        IsDrained = true;
        foreach (var service in World.Names.Select(world.Find))
        {
            var seen = LookAt(service);
            IsDrained &= seen.Drained;
            foreach (var due in seen.Dues)
            {
                var at = (DateTimeOffset.FromUnixTimeMilliseconds(due) - SimulatedTime.Beginning - service.Skew).Ticks;
                overdue |= at <= now;
                next = at > now ? Math.Min(next, at) : next;
            }
        }

        NextDue = next == long.MaxValue ? null : TimeSpan.FromTicks(next);
        IsComplete = NextDue is null && !overdue && IsDrained && world.People.AreContent && World.Names.All(name => world.Find(name).IsUp);
    }

    // A disk looks as it did unless somebody has committed.
    private Seen LookAt(Service service)
    {
        var commits = world.Ledger.CommitsOf(service.Name);
        if (!_seen.TryGetValue(service.Name, out var seen) || seen.Commits != commits)
        {
            _seen[service.Name] = seen = new Seen(commits, service.Disk.PeekAll<long>(Dues[service.Name]), Drained(service));
        }

        return seen;
    }

    private bool Drained(Service service)
    {
        var cursors = service.Disk.PeekAll<Cursor>("select name as Name, position as Position from bus_cursor");
        return service.Subscribers.All(subscriber =>
        {
            var position = cursors.FirstOrDefault(cursor => cursor.Name == $"push/{subscriber.Name}")?.Position ?? 0;
            return !world.Ledger.Said.Any(said => said.Service == service.Name && said.Seq > position && subscriber.Types.Contains(said.Type, StringComparer.Ordinal));
        });
    }

    private sealed record Seen(int Commits, IReadOnlyList<long> Dues, bool Drained);

    private sealed record Cursor(string Name, long Position);
}

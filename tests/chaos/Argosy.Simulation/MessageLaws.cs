using static Argosy.Simulation.Laws;

namespace Argosy.Simulation;

/// <summary>Of messages: each takes effect once, in the order of its key, and none is lost or left over.</summary>
internal sealed class MessageLaws(World world)
{
    private readonly Ledger _ledger = world.Ledger;

    public void Hold()
    {
        Must(_ledger.Twice is null, "a message has an id of its own", $"{_ledger.Twice}");
        Once();
        Arrival();
        Forbidden();
        if (!world.Faults.Wild)
        {
            Order();
        }

        foreach (var service in World.Names.Select(world.Find))
        {
            Must(service.Disk.Peek<long>("select count(*) from bus_parked") == 0, "nothing stays parked",
                $"{service.Name} has {string.Join(", ", service.Disk.PeekAll<string>("select type || ' ' || state || ' ' || coalesce(error, '') from bus_parked order by ord"))}");
        }

        Must(world.Find(World.Payments).Disk.Peek<long>("select count(*) from provider_task") == 0, "nothing stays to be done at the provider", "a task is left");
    }

    private void Once()
    {
        var known = new HashSet<Handled>();
        foreach (var handled in _ledger.Handled)
        {
            Must(known.Add(handled), "a message takes effect once", $"{handled.Service} handled {_ledger.Find(handled.Id)} twice");
        }
    }

    private void Arrival()
    {
        var handled = _ledger.Handled.ToHashSet();
        foreach (var said in _ledger.Said)
        {
            foreach (var subscriber in world.Find(said.Service).Subscribers.Where(subscriber => subscriber.Types.Contains(said.Type, StringComparer.Ordinal)))
            {
                Must(handled.Contains(new Handled(subscriber.Name, said.Id)) || Undone(subscriber.Name, said.Id), "what was said arrives", $"{subscriber.Name} never handled {said}");
            }
        }
    }

    // Each service handles the undos that it was sent: all of them name what they forbid.
    private bool Undone(string service, string id) =>
        _ledger.Handled.Any(handled => handled.Service == service && _ledger.Find(handled.Id)!.Undoes.Contains(id, StringComparer.Ordinal));

    private void Forbidden()
    {
        var forbidden = new HashSet<(string, string)>();
        foreach (var handled in _ledger.Handled)
        {
            var said = _ledger.Find(handled.Id);
            Must(said is not null, "only what was said is handled", $"{handled}");
            Must(!forbidden.Contains((handled.Service, handled.Id)), "a do after its undo has no effect", $"{handled.Service} handled {said}");
            forbidden.UnionWith(said!.Undoes.Select(id => (handled.Service, id)));
        }
    }

    private void Order()
    {
        var last = new Dictionary<(string, string, string), long>();
        foreach (var handled in _ledger.Handled)
        {
            var said = _ledger.Find(handled.Id)!;
            var line = (handled.Service, said.Service, said.Key);
            Must(last.GetValueOrDefault(line) < said.Seq, "messages of a key keep their order", $"{handled.Service} handled {said} after number {last.GetValueOrDefault(line)}");
            last[line] = said.Seq;
        }
    }
}
